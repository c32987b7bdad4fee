/** Secrets, with the command line: made and found by anybody, and read by nobody. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Stack, startStack } from '../../local/stack.ts'
import { readSecretAsTask } from './support/aws.ts'
import { createSdk, json, type Outcome, type Sdk } from './support/sdk.ts'

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

const PLACE = ['--project', 'flytesnacks', '--domain', 'development']
const flyte = (person: keyof typeof configs, ...args: string[]): Promise<Outcome> =>
  sdk.flyte(['--config', configs[person], '-of', 'json-raw', ...args])
const keptValue = (name: string) => readSecretAsTask(stack, `flyte-serverless/secrets/${name}`)

interface Listed {
  readonly id: { readonly name: string; readonly project?: string }
}
async function names(...place: string[]): Promise<string[]> {
  return (json(await flyte('grace', 'get', 'secret', ...place)) as Listed[]).map(({ id }) => id.name)
}

describe('secrets', () => {
  it('of everybody are made, listed and described without their values', async () => {
    const made = await flyte('ada', 'create', 'secret', 'password', '--value', 'hunter2')
    expect(made.status).toBe(0)
    expect(await keptValue('organization/password')).toBe('hunter2')
    expect(await names()).toContain('password')
    const { status, text } = await flyte('grace', 'get', 'secret', 'password')
    expect(status).toBe(0)
    expect(text).toContain('FULLY_PRESENT')
    expect(text).not.toContain('hunter2')
  })

  it('of a project are made from a file, and found there only', async () => {
    const file = join(sdk.home, 'key.bin')
    await writeFile(file, new Uint8Array([0, 255, 10]))
    await flyte('ada', 'create', 'secret', 'key-file', '--from-file', file, ...PLACE)
    expect(await keptValue('project/development/flytesnacks/key-file')).toEqual(Buffer.from([0, 255, 10]))
    expect(await names(...PLACE)).toEqual(['key-file'])
    expect((await flyte('ada', 'get', 'secret', 'key-file')).text).toContain('There is no such secret.')
  })

  it('for image registries say that they are', async () => {
    const registry = ['--registry', 'ghcr.io', '--username', 'ada', '--password', 'hunter2']
    await flyte('ada', 'create', 'secret', 'registry', '--type', 'image_pull', ...registry)
    expect((await flyte('ada', 'get', 'secret', 'registry')).text).toContain('SECRET_TYPE_IMAGE_PULL_SECRET')
    expect(String(await keptValue('organization/registry'))).toContain('ghcr.io')
  })

  it('are not made twice', async () => {
    await flyte('ada', 'create', 'secret', 'taken', '--value', 'first')
    const { status, text } = await flyte('grace', 'create', 'secret', 'taken', '--value', 'second')
    expect(status).toBe(1)
    expect(text).toContain('Resource already exists.')
    expect(await keptValue('organization/taken')).toBe('first')
  })

  it('are deleted, and made anew', async () => {
    await flyte('ada', 'create', 'secret', 'again', '--value', 'old')
    expect((await flyte('grace', 'delete', 'secret', 'again')).status).toBe(0)
    expect(await names()).not.toContain('again')
    expect((await flyte('ada', 'delete', 'secret', 'again')).text).toContain('There is no such secret.')
    expect((await flyte('ada', 'create', 'secret', 'again', '--value', 'new')).status).toBe(0)
    expect(await keptValue('organization/again')).toBe('new')
  })

  it('have names that are checked, and projects that are there', async () => {
    const strange = await flyte('ada', 'create', 'secret', 'a/b', '--value', 'x')
    expect(strange.status).toBe(1)
    expect(strange.text).toContain('id.name must match')
    const place = ['--project', 'nowhere', '--domain', 'development']
    const lost = await flyte('ada', 'create', 'secret', 'lost', '--value', 'x', ...place)
    expect(lost.text).toContain('There is no such project.')
  })

  it('are listed page by page: there may be more than the ten that the SDK asks for', async () => {
    const { status, stdout } = await sdk.python('many_secrets.py', [configs.ada, '12'])
    expect(status).toBe(0)
    const many = Array.from({ length: 12 }, (_, i) => `many-${String(i).padStart(2, '0')}`)
    expect(
      stdout
        .trim()
        .split(' ')
        .filter((name) => name.startsWith('many-')),
    ).toEqual(many)
  })
})
