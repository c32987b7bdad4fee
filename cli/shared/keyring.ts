/**
 * The keyring of the operating system, by the command that comes with it. A value is handed over on standard input:
 * the arguments of a command can be read by everybody on the machine.
 */
import { findCommand, runCommand } from './child-command.ts'

/** Values by name. None of the methods rejects: a keyring that does not work is one without the value. */
export interface Keyring {
  /** False if it was not kept. */
  set(name: string, value: string): Promise<boolean>
  get(name: string): Promise<string | undefined>
  remove(name: string): Promise<void>
}

type Environment = Readonly<Record<string, string | undefined>>

/** Long enough for somebody to type the password of a locked keyring. */
const TIMEOUT_MS = 60_000

/** The keyring of this machine; undefined where there is none, or `FLYTE_TOKEN_KEYRING=off` says not to use it. */
export function findKeyring(options: {
  readonly service: string
  readonly platform: string
  readonly environment: Environment
}): Keyring | undefined {
  const { service, platform, environment } = options
  if (environment.FLYTE_TOKEN_KEYRING === 'off') return undefined
  if (platform === 'darwin') {
    const command = findCommand('security', environment.PATH)
    return command === undefined ? undefined : keychain({ command, service, environment })
  }
  const command = findCommand('secret-tool', environment.PATH)
  // Without a session bus there is no Secret Service, and each call would wait for one.
  if (platform !== 'linux' || command === undefined || !environment.DBUS_SESSION_BUS_ADDRESS) return undefined
  return secretService({ command, service, environment })
}

interface Parts {
  readonly command: string
  readonly service: string
  readonly environment: Environment
}

/** GNOME Keyring, KWallet and others, by libsecret's `secret-tool`. */
function secretService({ command, service, environment }: Parts): Keyring {
  const run = (args: readonly string[], input?: string) =>
    runCommand(command, args, {
      timeoutMs: TIMEOUT_MS,
      environment,
      ...(input === undefined ? {} : { input }),
    })
  return {
    async set(name, value) {
      const label = `${service} ${name.slice(0, 12)}`
      const { status } = await run(['store', '--label', label, 'service', service, 'entry', name], value)
      return status === 0
    },
    async get(name) {
      const { status, stdout } = await run(['lookup', 'service', service, 'entry', name])
      return status === 0 && stdout !== '' ? stdout.replace(/\n$/, '') : undefined
    },
    async remove(name) {
      await run(['clear', 'service', service, 'entry', name])
    },
  }
}

/** `security -i` reads commands from its standard input, in lines of 4096 bytes at most. */
const PART_CHARACTERS = 2_400
const MAX_PARTS = 64

/** The login keychain of macOS, by `security`. A long value is kept in parts, the first of which says how many. */
function keychain({ command, service, environment }: Parts): Keyring {
  const run = (args: readonly string[], input?: string) =>
    runCommand(command, args, {
      timeoutMs: TIMEOUT_MS,
      environment,
      ...(input === undefined ? {} : { input }),
    })
  const read = async (account: string) => {
    const { status, stdout } = await run(['find-generic-password', '-s', service, '-a', account, '-w'])
    return status === 0 ? stdout.trim() : undefined
  }
  const write = async (account: string, text: string) => {
    const line = `add-generic-password -U -s "${service}" -a "${account}" -w "${text}"\n`
    await run(['-i'], line)
    // In this mode it ends with 0 whatever its commands end with.
    return (await read(account)) === text
  }
  const countOf = async (name: string) => Number.parseInt((await read(`${name}.0`)) ?? '0', 10)
  return {
    async set(name, value) {
      const encoded = Buffer.from(value, 'utf8').toString('base64url')
      const parts = encoded.match(new RegExp(`.{1,${PART_CHARACTERS}}`, 'g')) ?? []
      if (parts.length > MAX_PARTS) return false
      for (const [index, part] of parts.entries()) {
        if (!(await write(`${name}.${index + 1}`, part))) return false
      }
      return write(`${name}.0`, String(parts.length))
    },
    async get(name) {
      const count = await countOf(name)
      if (!(count >= 1 && count <= MAX_PARTS)) return undefined
      const parts: string[] = []
      for (let index = 1; index <= count; index += 1) parts.push((await read(`${name}.${index}`)) ?? '')
      return parts.includes('') ? undefined : Buffer.from(parts.join(''), 'base64url').toString('utf8')
    },
    async remove(name) {
      const count = Math.min(await countOf(name), MAX_PARTS)
      for (let index = 0; index <= count; index += 1) {
        await run(['delete-generic-password', '-s', service, '-a', `${name}.${index}`])
      }
    },
  }
}
