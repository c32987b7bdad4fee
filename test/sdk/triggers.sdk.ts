/** Triggers of the real SDK: deployed with their task, listed, switched off and on, fired, and deleted. */
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Stack, startStack } from '../../local/stack.ts'
import { createSdk, type Outcome, type Sdk } from './support/sdk.ts'

let stack: Stack
let sdk: Sdk
let config: string

beforeAll(async () => {
  stack = await startStack({ port: 0, tls: true })
  sdk = await createSdk(stack)
  config = await sdk.configureAs('ada')
  await copyFile(join(import.meta.dirname, 'python', 'reports.py'), join(sdk.home, 'reports.py'))
})
afterAll(async () => {
  await sdk?.dispose()
  await stack?.close()
})

const flyte = (...args: string[]): Promise<Outcome> =>
  sdk.flyte(['--config', config, '-of', 'table-simple', ...args])
const TASK = 'reports.report'

describe('triggers', () => {
  it('are deployed with their task', async () => {
    const deployed = await flyte('deploy', '--copy-style', 'none', '--version', 'v1', 'reports.py', 'env')
    expect(deployed.text).toContain(`Deployed task ${TASK} (version v1)`)
    expect(deployed.status).toBe(0)
  })

  it('are listed with their times', async () => {
    const { text, status } = await flyte('get', 'trigger')
    expect(status).toBe(0)
    expect(text).toMatch(/nightly .*cron: 30 2 \* \* 1-5 \(Europe\/Berlin\)/)
    expect(text).toMatch(/soon .*every 1 minute/)
  })

  it('fire by themselves, as whoever deployed them', { timeout: 120_000 }, async () => {
    let text = ''
    for (const deadline = Date.now() + 90_000; Date.now() < deadline && !text.includes(TASK); ) {
      await sleep(2_000)
      text = (await flyte('get', 'run', '--only-mine')).text
    }
    expect(text).toContain(TASK)
  })

  it('are switched off and on', async () => {
    const details = async () => (await flyte('get', 'trigger', TASK, 'nightly')).text
    expect((await flyte('update', 'trigger', 'nightly', TASK, '--deactivate')).status).toBe(0)
    expect(await details()).not.toMatch(/active: true|'active': True/)
    expect((await flyte('update', 'trigger', 'nightly', TASK, '--activate')).status).toBe(0)
    expect(await details()).toMatch(/active: true|'active': True/)
  })

  it('are made for a task that is there, and refused for times that are none', async () => {
    const made = await flyte(
      'create',
      'trigger',
      TASK,
      'hourly',
      '--schedule',
      '0 * * * *',
      '--trigger-time-var',
      'at',
    )
    expect(made.text).toContain('created successfully')
    const wrong = await flyte(
      'create',
      'trigger',
      TASK,
      'never',
      '--schedule',
      'at noon',
      '--trigger-time-var',
      'at',
    )
    expect(wrong.status).not.toBe(0)
    expect(wrong.text).toContain('cron expression')
  })

  it('are gone once deleted', async () => {
    for (const name of ['soon', 'nightly']) {
      expect((await flyte('delete', 'trigger', name, TASK)).status).toBe(0)
    }
    const { text } = await flyte('get', 'trigger')
    expect(text).not.toContain('nightly')
    expect((await flyte('get', 'trigger', TASK, 'nightly')).status).not.toBe(0)
  })

  it('leave the list of runs that wait for somebody empty', async () => {
    const { status } = await flyte('get', 'run', '--paused-only')
    expect(status).toBe(0)
  })
})
