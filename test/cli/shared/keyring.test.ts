/** The keyrings, by commands that behave as those of the operating systems do. */
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findKeyring } from '../../../cli/shared/keyring.ts'
import { createLaptop } from '../flyte-token/support/laptop.ts'

let folder: string
let environment: Record<string, string>

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flyte-keyring-'))
  environment = { PATH: `${folder}:${process.env.PATH}`, DBUS_SESSION_BUS_ADDRESS: 'unix:path=/none' }
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** A command on PATH: a program that notes its arguments, which everybody on a machine can read. */
async function command(name: string, body: string): Promise<void> {
  const program = `#!${process.execPath}
const { appendFileSync, existsSync, readFileSync, writeFileSync, rmSync } = require('node:fs')
const folder = ${JSON.stringify(folder)}
const args = process.argv.slice(2)
appendFileSync(folder + '/arguments', args.join(' ') + '\\n')
const file = (name) => folder + '/kept-' + name
const input = () => readFileSync(0, 'utf8')
${body}`
  await writeFile(join(folder, name), program)
  await chmod(join(folder, name), 0o755)
}

const secretTool = () =>
  command(
    'secret-tool',
    `const name = args.at(-1)
if (args[0] === 'store') writeFileSync(file(name), input())
else if (args[0] === 'clear') rmSync(file(name), { force: true })
else if (existsSync(file(name))) process.stdout.write(readFileSync(file(name), 'utf8'))
else process.exit(1)`,
  )

/** As the one of macOS, it takes lines of 4096 bytes, and ends well whatever they end with. */
const security = () =>
  command(
    'security',
    `const value = (flag) => args[args.indexOf(flag) + 1]
if (args[0] === '-i') {
  for (const line of input().split('\\n')) {
    const [, account, text] = /-a "([^"]*)" -w "([^"]*)"$/.exec(line) ?? []
    if (account && line.length < 4096) writeFileSync(file(account), text)
  }
} else if (args[0] === 'delete-generic-password') rmSync(file(value('-a')), { force: true })
else if (existsSync(file(value('-a')))) console.log(readFileSync(file(value('-a')), 'utf8'))
else process.exit(44)`,
  )

const keyring = (platform: string) => findKeyring({ service: 'test', platform, environment })

for (const [platform, install] of [
  ['linux', secretTool],
  ['darwin', security],
] as const) {
  describe(`the keyring of ${platform}`, () => {
    beforeEach(install)

    it('keeps a value, gives it back, and forgets it', async () => {
      const ring = keyring(platform)
      expect(await ring?.get('a')).toBeUndefined()
      expect(await ring?.set('a', '{"token":"one ü \\n two"}')).toBe(true)
      expect(await ring?.get('a')).toBe('{"token":"one ü \\n two"}')
      expect(await ring?.set('a', 'shorter')).toBe(true)
      expect(await ring?.get('a')).toBe('shorter')
      await ring?.remove('a')
      expect(await ring?.get('a')).toBeUndefined()
    })

    it('keeps a value of any length', async () => {
      const long = 'abc123'.repeat(3_000)
      expect(await keyring(platform)?.set('a', long)).toBe(true)
      expect(await keyring(platform)?.get('a')).toBe(long)
    })

    it('is not given a value among the arguments', async () => {
      await keyring(platform)?.set('a', 'very-secret')
      await keyring(platform)?.get('a')
      const seen = await readFile(join(folder, 'arguments'), 'utf8')
      expect(seen).not.toContain('very-secret')
      expect(seen).not.toContain(Buffer.from('very-secret').toString('base64url'))
    })
  })
}

describe('there is no keyring', () => {
  it('without its command', () => {
    environment.PATH = folder
    expect(keyring('linux')).toBeUndefined()
    expect(keyring('darwin')).toBeUndefined()
  })

  it('on another system, without a session, or where it is switched off', async () => {
    await secretTool()
    expect(keyring('win32')).toBeUndefined()
    expect(findKeyring({ service: 'x', platform: 'linux', environment: { PATH: folder } })).toBeUndefined()
    const off = { ...environment, FLYTE_TOKEN_KEYRING: 'off' }
    expect(findKeyring({ service: 'x', platform: 'linux', environment: off })).toBeUndefined()
  })

  it('that works when its command fails: then nothing is kept in it, and nothing is lost', async () => {
    await command('secret-tool', 'process.exit(1)')
    expect(await keyring('linux')?.set('a', 'b')).toBe(false)
    expect(await keyring('linux')?.get('a')).toBeUndefined()
  })
})

describe('flyte-token', () => {
  it('keeps tokens in the keyring alone', async () => {
    await secretTool()
    const { startOpenIdProvider, CLIENT_ID } = await import('../../support/openid-provider.ts')
    const [laptop, provider] = [await createLaptop(), await startOpenIdProvider(Date.now)]
    provider.idTokenSeconds = 3600
    const args = ['user-id-token', '--issuer', provider.issuer, '--client-id', CLIENT_ID, '--no-browser']
    const onAddress = (address: string) => fetch(provider.signIn(address))
    const first = await laptop.run(args, { env: environment, onAddress })
    expect(first.status).toBe(0)
    expect((await laptop.run(args, { env: environment })).stdout).toBe(first.stdout)
    const list = JSON.parse((await laptop.run(['list', '--json'], { env: environment })).stdout)
    expect(list).toMatchObject([{ kept_in: 'keyring' }])
    expect(await fileTexts(laptop.home)).not.toContain(first.stdout.trim())
    expect((await laptop.run(['logout'], { env: environment })).status).toBe(0)
    expect((await laptop.run([...args, '--timeout', '1'], { env: environment })).status).toBe(1)
    await Promise.all([laptop.dispose(), provider.close()])
  })

  it('says so, and keeps them in a private file, when the keyring does not work', async () => {
    await command('secret-tool', 'process.exit(1)')
    const { startOpenIdProvider, CLIENT_ID } = await import('../../support/openid-provider.ts')
    const [laptop, provider] = [await createLaptop(), await startOpenIdProvider(Date.now)]
    provider.idTokenSeconds = 3600
    const args = ['user-id-token', '--issuer', provider.issuer, '--client-id', CLIENT_ID, '--no-browser']
    const onAddress = (address: string) => fetch(provider.signIn(address))
    const first = await laptop.run(args, { env: environment, onAddress })
    expect(first).toMatchObject({ status: 0, stderr: expect.stringContaining('The keyring cannot be used') })
    expect((await laptop.run(args, { env: environment })).stdout).toBe(first.stdout)
    await Promise.all([laptop.dispose(), provider.close()])
  })
})

async function fileTexts(home: string): Promise<string> {
  const { readdir } = await import('node:fs/promises')
  const directory = join(home, '.flyte', 'flyte-token')
  const names = await readdir(directory)
  return (await Promise.all(names.map((name) => readFile(join(directory, name), 'utf8')))).join()
}
