/** Keycloak, as its makers publish it for Java 17, run in its development mode with everything in memory. */
import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { LOCAL_DIRECTORY } from '../../../local/synthesis.ts'
import { type Outcome, type RunningServer, run, startServer } from './command.ts'
import { NoProviderError } from './unavailable.ts'

const VERSION = '26.7.3'
const ARTIFACT = `org.keycloak:keycloak-quarkus-dist:${VERSION}:zip`
const SHA_256 = '27a6535553c3cdcd083872ba40629efafb3475e3b758e0c6f691395561dd0f1f'
/** In full: a short name has to be looked up first, and a failure to do that hides that nothing can be reached. */
const COPY = 'org.apache.maven.plugins:maven-dependency-plugin:2.8:copy'
const MINIMUM_JAVA = 17
const DOWNLOAD_TIMEOUT_MS = 900_000
const PARENT = join(LOCAL_DIRECTORY, 'providers')
const HOME = join(PARENT, `keycloak-${VERSION}`)
const UNREACHABLE =
  /Could not transfer|Could not find artifact|previous attempt|offline mode|Unknown host|Connection (refused|reset)|timed out/i
const ADMIN = { name: 'admin', password: 'only-for-this-test' }

export interface Keycloak extends RunningServer {
  readonly url: string
  /** Makes a realm out of a realm representation, and answers its issuer. */
  importRealm(realm: { readonly realm: string; readonly [key: string]: unknown }): Promise<string>
}

/** Answers Keycloak's folder, downloaded unless it is there already. @throws {NoProviderError} without Java, Maven or its repository */
export async function prepareKeycloak(onWork: (what: string) => void): Promise<string> {
  if (!(javaVersion() >= MINIMUM_JAVA))
    throw new NoProviderError('Java 17 or later is needed to run Keycloak.')
  if (existsSync(join(HOME, 'bin'))) return HOME
  if (run('mvn', ['--version']).status !== 0) throw new NoProviderError('Maven is needed to get Keycloak.')
  onWork(`Downloading Keycloak ${VERSION} (170 MB, once)`)
  const work = join(PARENT, `keycloak-${process.pid}`)
  await mkdir(work, { recursive: true })
  try {
    await writeFile(join(work, 'pom.xml'), EMPTY_PROJECT)
    const args = ['-q', '-B', COPY, `-Dartifact=${ARTIFACT}`, `-DoutputDirectory=${work}`]
    const copied = run('mvn', args, { cwd: work, timeoutMs: DOWNLOAD_TIMEOUT_MS })
    if (copied.status !== 0) throw notDownloaded(copied)
    const archive = join(work, `keycloak-quarkus-dist-${VERSION}.zip`)
    if ((await sha256(archive)) !== SHA_256)
      throw new Error('Keycloak is not the one that was expected: its checksum differs.')
    unpack(archive, work)
    await rename(join(work, `keycloak-${VERSION}`), HOME)
    return HOME
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

const EMPTY_PROJECT = `<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>flyte-serverless</groupId><artifactId>keycloak</artifactId><version>1</version><packaging>pom</packaging>
</project>
`

/** A status of null: it had not ended after all that time. */
function notDownloaded({ status, output }: Outcome): Error {
  return status === null || UNREACHABLE.test(output)
    ? new NoProviderError("Maven's repository cannot be reached from here.", output)
    : new Error(`Keycloak could not be downloaded.\n${output}`)
}

function javaVersion(): number {
  const { output } = run('java', ['-version'])
  return Number(/version "(\d+)/.exec(output)?.[1] ?? Number.NaN)
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}

function unpack(archive: string, into: string): void {
  const attempts = [
    ['unzip', '-q', archive],
    ['jar', 'xf', archive],
  ] as const
  for (const [command, ...args] of attempts) if (run(command, args, { cwd: into }).status === 0) return
  throw new NoProviderError('unzip, or the jar command of a JDK, is needed to unpack Keycloak.')
}

/** Starts Keycloak without any realm but its own. */
export async function startKeycloak(home: string, port: number): Promise<Keycloak> {
  const url = `http://127.0.0.1:${port}`
  const server = await startServer({
    command: 'bash',
    args: [
      join(home, 'bin', 'kc.sh'),
      'start-dev',
      '--db=dev-mem',
      '--http-host=127.0.0.1',
      `--http-port=${port}`,
    ],
    cwd: home,
    env: { KC_BOOTSTRAP_ADMIN_USERNAME: ADMIN.name, KC_BOOTSTRAP_ADMIN_PASSWORD: ADMIN.password },
    isReady: async () => (await fetch(`${url}/realms/master/.well-known/openid-configuration`)).ok,
  })
  return {
    url,
    close: server.close,
    async importRealm(realm) {
      const response = await fetch(`${url}/admin/realms`, {
        method: 'POST',
        headers: { authorization: `Bearer ${await adminToken(url)}`, 'content-type': 'application/json' },
        body: JSON.stringify(realm),
      })
      if (!response.ok)
        throw new Error(`Keycloak refused the realm: ${response.status} ${await response.text()}`)
      return `${url}/realms/${realm.realm}`
    },
  }
}

async function adminToken(url: string): Promise<string> {
  const response = await fetch(`${url}/realms/master/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'password',
      client_id: 'admin-cli',
      username: ADMIN.name,
      password: ADMIN.password,
    }),
  })
  const { access_token: token } = (await response.json()) as { access_token?: unknown }
  if (typeof token !== 'string')
    throw new Error(`Keycloak's administrator cannot sign in (${response.status}).`)
  return token
}
