/**
 * Dex, built from the source of a pinned version (`../dex/go.mod`, with every dependency's checksum in `go.sum`), and
 * run with a configuration that is made for the test.
 */
import { createHash } from 'node:crypto'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hash } from 'bcryptjs'
import { stringify } from 'yaml'
import { LOCAL_DIRECTORY } from '../../../local/synthesis.ts'
import { type RunningServer, run, startServer } from './command.ts'
import { NoProviderError } from './unavailable.ts'

const SOURCE = join(import.meta.dirname, '..', 'dex')
const MAIN_PACKAGE = 'github.com/dexidp/dex/cmd/dex'
const BUILD_TIMEOUT_MS = 900_000
const UNREACHABLE =
  /dial tcp|no such host|i\/o timeout|connection re(fused|set)|403 Forbidden|TLS handshake|disabled by GOPROXY|: EOF$|deadline exceeded/m
const GO_IS_NEEDED = 'Go 1.24 or later is needed to build Dex.'
const TOO_OLD = /requires go >=|toolchain not available|unknown directive: tool|invalid go version/

export interface DexUser {
  readonly email: string
  readonly username: string
  readonly password: string
}

export interface DexOptions {
  readonly port: number
  readonly clients: readonly Readonly<Record<string, unknown>>[]
  readonly users: readonly DexUser[]
}

export interface Dex extends RunningServer {
  readonly issuer: string
}

/** Answers Dex's program, built unless it is there already. @throws {NoProviderError} without Go or its modules */
export async function prepareDex(onWork: (what: string) => void): Promise<string> {
  const directory = join(LOCAL_DIRECTORY, 'providers', `dex-${await digest()}`)
  const program = join(directory, 'dex')
  if (run(program, ['version']).status === 0) return program
  if (run('go', ['version']).status !== 0) throw new NoProviderError(GO_IS_NEEDED)
  onWork('Building Dex (two minutes, once)')
  await rm(directory, { recursive: true, force: true })
  await mkdir(directory, { recursive: true })
  for (const name of ['go.mod', 'go.sum']) await cp(join(SOURCE, name), join(directory, name))
  // Its configuration knows SQLite, which is written in C, whether it is used or not.
  const env = { CGO_ENABLED: '1', GOFLAGS: '-mod=readonly -buildvcs=false' }
  const args = ['build', '-trimpath', '-ldflags=-s -w', '-o', program, MAIN_PACKAGE]
  const built = run('go', args, { cwd: directory, env, timeoutMs: BUILD_TIMEOUT_MS })
  if (built.status === 0) return program
  await rm(directory, { recursive: true, force: true })
  if (TOO_OLD.test(built.output)) throw new NoProviderError(GO_IS_NEEDED, built.output)
  if (UNREACHABLE.test(built.output)) {
    throw new NoProviderError("Go's modules cannot be reached from here.", built.output)
  }
  if (/cgo: C compiler|gcc.*not found/.test(built.output)) {
    throw new NoProviderError('A C compiler is needed to build Dex.', built.output)
  }
  throw new Error(`Dex could not be built.\n${built.output}`)
}

/** Of what is built: another version is another folder. */
async function digest(): Promise<string> {
  const sum = await readFile(join(SOURCE, 'go.sum'))
  return createHash('sha256').update(sum).digest('hex').slice(0, 12)
}

/** Starts Dex with its users and clients in memory. */
export async function startDex(program: string, options: DexOptions): Promise<Dex> {
  const { port, clients, users } = options
  const issuer = `http://127.0.0.1:${port}/dex`
  const directory = await mkdtemp(join(tmpdir(), 'flyte-dex-'))
  const file = join(directory, 'dex.yaml')
  const configuration = {
    issuer,
    storage: { type: 'memory' },
    web: { http: `127.0.0.1:${port}` },
    oauth2: { skipApprovalScreen: true, responseTypes: ['code'] },
    enablePasswordDB: true,
    staticPasswords: await Promise.all(users.map(withHash)),
    staticClients: clients,
  }
  await writeFile(file, stringify(configuration), { mode: 0o600 })
  const server = await startServer({
    command: program,
    args: ['serve', file],
    cwd: directory,
    isReady: async () => (await fetch(`${issuer}/.well-known/openid-configuration`)).ok,
  })
  return {
    issuer,
    async close() {
      await server.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** Dex refuses a cost below ten. */
const BCRYPT_COST = 10

async function withHash({ email, username, password }: DexUser) {
  const userID = createHash('sha256').update(email).digest('hex').slice(0, 32)
  return { email, username, userID, hash: await hash(password, BCRYPT_COST) }
}
