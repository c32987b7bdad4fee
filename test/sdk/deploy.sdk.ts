/** Deploying tasks, and finding them again. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Stack, startStack } from '../../local/stack.ts'
import { createSdk, type Outcome, type Sdk } from './support/sdk.ts'

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
  sdk.flyte(['--config', configs[person], '-of', 'table-simple', ...args])
/** Without the code, which is in the image then. */
const deploy = (person: keyof typeof configs, version: string) =>
  flyte(person, 'deploy', '--copy-style', 'none', '--version', version, 'tasks.py', 'env')

describe('tasks', () => {
  it('are deployed, and found with who deployed them', async () => {
    const deployed = await deploy('ada', 'v1')
    expect(deployed.text).toContain('Deployed task greetings.greet (version v1)')
    expect(deployed.status).toBe(0)
    const { text } = await flyte('grace', 'get', 'task')
    expect(text).toMatch(/greetings\.greet v1 .*ada@example\.com/)
    expect(text).toContain('greetings.count v1')
  })

  it('may be deployed again, and in another version by somebody else', async () => {
    expect((await deploy('ada', 'v1')).status).toBe(0)
    expect((await deploy('grace', 'v2')).status).toBe(0)
    const { text } = await flyte('ada', 'get', 'task', 'greetings.greet')
    expect(text).toMatch(/greetings\.greet v1 .*ada@example\.com/)
    expect(text).toMatch(/greetings\.greet v2 .*grace@example\.com/)
  })

  it('say what they take and give', async () => {
    const { text } = await flyte('ada', 'get', 'task', 'greetings.greet', 'v1')
    expect(text).toContain('python:3.12-slim')
    expect(text).toMatch(/'key': 'times',\s+'value': \{'type': \{'simple': 'INTEGER'/)
  })

  it('are not there in a version that was not deployed', async () => {
    const { status, text } = await flyte('ada', 'get', 'task', 'greetings.greet', 'v9')
    expect(status).toBe(1)
    expect(text).toContain('Task greetings.greet, version v9 not found')
  })

  it('need a project that is there', async () => {
    const args = ['--project', 'nowhere', '--copy-style', 'none', '--version', 'v1', 'tasks.py', 'env']
    const { status, text } = await flyte('ada', 'deploy', ...args)
    expect(status).toBe(1)
    expect(text).toContain('There is no such project.')
  })
})
