/** Logs, with the command line. Whoever runs tasks writes them; here that is the test. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Stack, startStack } from '../../local/stack.ts'
import { writeLogAsTask } from './support/aws.ts'
import { createSdk, DOMAIN, type Outcome, PROJECT, type Sdk } from './support/sdk.ts'

let stack: Stack
let sdk: Sdk
let configs: { ada: string; grace: string }

beforeAll(async () => {
  stack = await startStack({ port: 0, tls: true })
  sdk = await createSdk(stack)
  configs = { ada: await sdk.configureAs('ada'), grace: await sdk.configureAs('grace') }
})
afterAll(async () => {
  await sdk?.dispose()
  await stack?.close()
})

const flyte = (person: keyof typeof configs, ...args: string[]): Promise<Outcome> =>
  sdk.flyte(['--config', configs[person], '-of', 'json-raw', ...args])
const TASK = ['tasks.py', 'greet', '--name', 'you']
/** A run that has ended: nothing executes it here, so somebody aborts it. */
async function endedRun(name: string, lines: readonly string[] | undefined): Promise<void> {
  await flyte('ada', 'run', '--name', name, ...TASK)
  if (lines !== undefined) await writeLogAsTask(stack, `${PROJECT}/${DOMAIN}/${name}/a0/1`, lines)
  await flyte('ada', 'abort', 'run', name)
}

describe('logs', () => {
  it('are shown to anybody who asks for them, line by line', async () => {
    await endedRun('talkative', ['one', 'two', 'three'])
    const { status, stdout } = await flyte('grace', 'get', 'logs', 'talkative')
    expect(status).toBe(0)
    expect(stdout.split('\n').map((line) => line.trim())).toEqual(['one', 'two', 'three', ''])
  })

  it('have their times, if those are asked for', async () => {
    const { text } = await flyte('ada', 'get', 'logs', 'talkative', 'a0', '--show-ts')
    expect(text).toContain('[2026-01-01T00:00:00] one [2026-01-01T00:00:00.001000] two')
  })

  it('of several megabytes are shown from their end, with where the rest is', async () => {
    const lines = Array.from({ length: 20_000 }, (_, i) => `line ${i} ${'x'.repeat(100)}`)
    await endedRun('loud', lines)
    const { status, stdout } = await flyte('ada', 'get', 'logs', 'loud')
    expect(status).toBe(0)
    expect(stdout).toContain('line 19999 ')
    expect(stdout).not.toContain('line 9999 ')
    expect(stdout).toMatch(/Older lines are in the log group \/flyte\/tasks, stream \S+\/loud\/a0\/1/)
  })

  it('are said not to be there after a few attempts, if nothing was written', async () => {
    await endedRun('silent', undefined)
    const { status, text } = await flyte('ada', 'get', 'logs', 'silent')
    expect(status).toBe(1)
    expect(text).toContain('Log stream not available for action a0 in run silent')
  })
})

describe('following a run', () => {
  it('shows its logs as soon as there are any, and ends with them', async () => {
    const name = 'followed'
    const ending = { outcome: undefined as Promise<unknown> | undefined }
    const end = async () => {
      await writeLogAsTask(stack, `${PROJECT}/${DOMAIN}/${name}/a0/1`, ['hello from the task'])
      await flyte('grace', 'abort', 'run', name)
    }
    const followed = await sdk.flyte(['--config', configs.ada, 'run', '--follow', '--name', name, ...TASK], {
      onOutput: (text) => {
        if (text.includes('Created Run')) ending.outcome ??= end()
      },
    })
    await ending.outcome
    expect(followed.text).toContain('hello from the task')
    expect(followed.status).toBe(0)
  })
})

describe('a deployment without logs of tasks', () => {
  it('says which setting is missing', async () => {
    const other = await startStack({ port: 0, tls: true, settings: { runs: { logs: null } } })
    const laptop = await createSdk(other)
    try {
      const config = await laptop.configureAs('ada')
      const call = (...args: string[]) => laptop.flyte(['--config', config, ...args])
      await call('run', '--name', 'unlogged', ...TASK)
      await call('abort', 'run', 'unlogged')
      const { status, text } = await call('get', 'logs', 'unlogged')
      expect(status).toBe(1)
      expect(text).toContain('its operators have not set runs.logs')
    } finally {
      await laptop.dispose()
      await other.close()
    }
  })
})
