/** Projects, with the command line. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Stack, startStack } from '../../local/stack.ts'
import { createSdk, json, type Outcome, type Sdk } from './support/sdk.ts'

let stack: Stack
let sdk: Sdk
let config: string

beforeAll(async () => {
  stack = await startStack({ port: 0, tls: true })
  sdk = await createSdk(stack)
  config = await sdk.configureAs('ada')
})
afterAll(async () => {
  await sdk?.dispose()
  await stack?.close()
})

const flyte = (...args: string[]): Promise<Outcome> =>
  sdk.flyte(['--config', config, '-of', 'json-raw', ...args])
const idsOf = (outcome: Outcome) => (json(outcome) as { id: string }[]).map(({ id }) => id)

describe('projects', () => {
  it('that a deployment starts with are listed', async () => {
    expect(idsOf(await flyte('get', 'project'))).toEqual(['flytesnacks'])
  })

  it('are created, found, described and listed', async () => {
    const labels = ['--label', 'team=vision']
    const made = await flyte('create', 'project', '--id', 'images', '--name', 'Images', ...labels)
    expect(made.text).toContain('images')
    expect(made.status).toBe(0)
    await flyte('update', 'project', 'images', '--description', 'What we see')
    const { text } = await flyte('get', 'project', 'images')
    expect(text).toContain("name='Images', id='images', description='What we see'")
    expect(text).toContain('team: vision')
    expect(idsOf(await flyte('get', 'project'))).toEqual(['flytesnacks', 'images'])
  })

  it('are listed apart once they are archived', async () => {
    await flyte('create', 'project', '--id', 'old', '--name', 'Old')
    expect((await flyte('update', 'project', 'old', '--archive')).status).toBe(0)
    expect(idsOf(await flyte('get', 'project'))).not.toContain('old')
    expect(idsOf(await flyte('get', 'project', '--archived'))).toEqual(['old'])
  })

  it('are not created twice', async () => {
    const { status, text } = await flyte('create', 'project', '--id', 'flytesnacks', '--name', 'Again')
    expect(status).toBe(1)
    expect(text).toContain('A project with this id already exists.')
  })

  it('have an id that is checked', async () => {
    const { status, text } = await flyte('create', 'project', '--id', 'Not An Id', '--name', 'x')
    expect(status).toBe(1)
    expect(text).toMatch(/ConnectError: .*id/)
  })

  it('that are not there are said not to be', async () => {
    const { status, text } = await flyte('get', 'project', 'nowhere')
    expect(status).toBe(1)
    expect(text).toContain('There is no such project.')
  })
})
