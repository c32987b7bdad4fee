/**
 * Where tokens are kept between commands: what is secret in the keyring of the operating system, or, where there is
 * none, in the same file of mode 0600 as the rest.
 */
import { readdir, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { jsonObject } from '../../shared/http.ts'
import { findKeyring, type Keyring } from '../../shared/keyring.ts'
import { makePrivateDirectory, readPrivateFile, writePrivateFile } from '../../shared/private-files.ts'
import type { Entry, EntryFacts, Tokens } from './entry.ts'

/** The name that entries have in a keyring. */
const SERVICE = 'flyte-token'
const VERSION = 1

export interface StoredFacts extends EntryFacts {
  readonly id: string
  readonly place: 'keyring' | 'file'
}

export interface TokenStore {
  /** Undefined as well if it is from another version, or its secrets are gone from the keyring. */
  read(id: string): Promise<Entry | undefined>
  write(id: string, entry: Entry): Promise<void>
  remove(id: string): Promise<void>
  list(): Promise<readonly StoredFacts[]>
  /** The lock that whoever changes an entry holds. */
  lockPath(id: string): string
}

interface File {
  readonly version: number
  readonly place: 'keyring' | 'file'
  readonly facts: EntryFacts
  readonly tokens?: Tokens
}

/** The folder: `FLYTE_TOKEN_DIR`, or one in the home folder beside Flyte's own configuration. */
export function storeDirectory(environment: Readonly<Record<string, string | undefined>>): string {
  return environment.FLYTE_TOKEN_DIR || join(environment.HOME || homedir(), '.flyte', 'flyte-token')
}

/** Opens the store. @param options.onNotice told when the keyring fails and a file takes its place. */
export function openTokenStore(options: {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly platform: string
  readonly onNotice: (sentence: string) => void
}): TokenStore {
  const { environment, platform, onNotice } = options
  const directory = storeDirectory(environment)
  const keyring = findKeyring({ service: SERVICE, platform, environment })
  const pathOf = (id: string) => join(directory, `${id}.json`)
  return {
    lockPath: (id) => join(directory, `${id}.lock`),
    read: async (id) => readEntry(await readPrivateFile(pathOf(id)), id, keyring),
    async write(id, { facts, tokens }) {
      await makePrivateDirectory(directory)
      const inKeyring = (await keyring?.set(id, JSON.stringify(tokens))) ?? false
      if (keyring && !inKeyring) {
        onNotice('The keyring cannot be used; what is kept is kept in a file that only you can read.')
      }
      const file: File = inKeyring
        ? { version: VERSION, place: 'keyring', facts }
        : { version: VERSION, place: 'file', facts, tokens }
      await writePrivateFile(pathOf(id), JSON.stringify(file))
    },
    async remove(id) {
      const file = parseFile(await readPrivateFile(pathOf(id)))
      if (file?.place === 'keyring') await keyring?.remove(id)
      await rm(pathOf(id), { force: true })
      await rm(`${join(directory, `${id}.lock`)}.failed`, { force: true })
    },
    list: () => listEntries(directory),
  }
}

async function listEntries(directory: string): Promise<readonly StoredFacts[]> {
  const names = await readdir(directory).catch(() => [])
  const found: StoredFacts[] = []
  for (const name of names.sort()) {
    const [, id] = /^([0-9a-f]{40})\.json$/.exec(name) ?? []
    const file = id === undefined ? undefined : parseFile(await readPrivateFile(join(directory, name)))
    if (id !== undefined && file !== undefined) found.push({ ...file.facts, id, place: file.place })
  }
  return found
}

async function readEntry(
  text: string | undefined,
  id: string,
  keyring: Keyring | undefined,
): Promise<Entry | undefined> {
  const file = parseFile(text)
  if (file === undefined) return undefined
  if (file.place === 'file') return file.tokens && { facts: file.facts, tokens: file.tokens }
  const tokens = jsonObject((await keyring?.get(id)) ?? '')
  return tokens && { facts: file.facts, tokens: tokens as Tokens }
}

function parseFile(text: string | undefined): File | undefined {
  const file = jsonObject(text ?? '') as File | undefined
  return file?.version === VERSION && isFacts(file.facts) ? file : undefined
}

const TEXTS = ['kind', 'issuer', 'clientId', 'audience', 'account'] as const

/** A file that somebody changed is none: what it is about has to be told by `list`, and found by `logout`. */
function isFacts(facts: Partial<EntryFacts> | null): boolean {
  if (typeof facts !== 'object' || facts === null) return false
  return (
    TEXTS.every((name) => typeof facts[name] === 'string') &&
    Array.isArray(facts.scopes) &&
    typeof facts.savedAtMs === 'number'
  )
}
