/** The command as it is found: by `npx` in this repository, and in a package of its own. */
import { spawn } from 'node:child_process'
import { mkdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { packFlyteToken } from '../../../cli/flyte-token/pack.ts'
import { CLIENT_ID, startOpenIdProvider } from '../../support/openid-provider.ts'
import { COMMAND, createLaptop, type Laptop, sentenceOf } from './support/laptop.ts'

const ROOT = join(import.meta.dirname, '..', '..', '..')

let laptop: Laptop
let installed: string
let machine: Laptop
let imported: readonly string[]

beforeAll(async () => {
  machine = await createLaptop()
  // Below node_modules Node runs no TypeScript: what is published has to be JavaScript.
  installed = join(machine.home, 'node_modules', 'flyte-token', 'dist')
  await mkdir(installed, { recursive: true })
  imported = await packFlyteToken(installed)
})
afterAll(() => machine?.dispose())
beforeEach(async () => {
  laptop = await createLaptop()
})
afterEach(() => laptop.dispose())

const command = () => join(installed, 'flyte-token.mjs')

describe('the package', () => {
  it('gets a token with nothing beside it', async () => {
    const provider = await startOpenIdProvider(Date.now)
    const args = ['user-id-token', '--issuer', provider.issuer, '--client-id', CLIENT_ID, '--no-browser']
    const onAddress = (address: string) => fetch(provider.signIn(address))
    const outcome = await laptop.run(args, { command: command(), onAddress })
    await provider.close()
    expect(outcome).toMatchObject({ status: 0, stdout: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+\n$/) })
  })

  it('has the parts that speak to AWS, too', async () => {
    const args = ['service-account-id-token', '--source', 'aws-sts', '--audience', 'x']
    expect(sentenceOf(await laptop.run(args, { command: command() }))).toEqual({
      status: 1,
      sentence: 'There are no AWS credentials here to ask STS with.',
    })
  })

  it('starts small: what is loaded for a kept token is one file of less than 50 KB', async () => {
    const text = await readFile(command(), 'utf8')
    expect(text.length).toBeLessThan(50_000)
    expect(text.startsWith('#!/usr/bin/env node\n')).toBe(true)
  })

  it('is described with the version of this repository, and imports nothing that is not in it', async () => {
    const read = async (path: string) => JSON.parse(await readFile(join(ROOT, path), 'utf8'))
    const [own, whole] = [await read('cli/flyte-token/package.json'), await read('package.json')]
    expect(own.version).toBe(whole.version)
    expect(own.dependencies).toBeUndefined()
    expect(imported.filter((name) => !name.startsWith('node:') && !BUILT_IN.has(name))).toEqual([])
  })
})

const BUILT_IN = new Set(process.getBuiltinModule('node:module').builtinModules)

describe('npx flyte-token in this repository', () => {
  it('runs the source with the Node that npm ci brings, whichever one started npx', async () => {
    const home = machine.home
    const child = spawn('npx', ['--offline', 'flyte-token', 'list'], {
      cwd: ROOT,
      env: {
        PATH: process.env.PATH,
        HOME: home,
        npm_config_cache: join(home, 'npm'),
        npm_config_loglevel: 'error',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const text: string[] = []
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => text.push(String(chunk)))
    const status = await new Promise((resolve) => child.once('close', resolve))
    expect({ status, text: text.join('') }).toEqual({ status: 0, text: 'Nothing is kept.\n' })
  })

  it('can be run as a file', async () => {
    const first = (await readFile(COMMAND, 'utf8')).split('\n')[0]
    expect(first).toBe('#!/usr/bin/env node')
    expect((await stat(COMMAND)).mode & 0o111).toBe(0o111)
  })
})
