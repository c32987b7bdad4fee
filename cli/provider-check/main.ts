/**
 * `npm run provider:check`: what of an identity provider works with this deployment, and what must change.
 *
 * ```
 *  issuer ─► discovery ─► sign-in of browsers, of clients ─► report, settings
 *                     ├─► keys ─────► sample token ─► userinfo
 *                     └─► registration of the clients
 * ```
 */
import { readFile } from 'node:fs/promises'
import { type CheckArguments, HELP, parseCheckArguments, UsageError } from './arguments.ts'
import { discover } from './discover.ts'
import type { Finding } from './finding.ts'
import { checkKeys, type SigningKey } from './keys.ts'
import type { JsonObject } from './read-json.ts'
import { checkRegistration } from './registration.ts'
import { isFit, type Report, reportAsJson, reportAsText } from './report.ts'
import { settingsOf } from './settings-block.ts'
import { browserFindings, clientFindings } from './sign-in.ts'
import { checkToken } from './token.ts'
import { checkUserinfo } from './userinfo.ts'
import { vendorOf } from './vendor.ts'

/** Where the command reads and writes; a test has its own. */
export interface Io {
  readonly stdin: AsyncIterable<Uint8Array | string>
  readonly stdout: (text: string) => void
  readonly stderr: (text: string) => void
  readonly nowMs: () => number
}

/** The command. @returns the exit code: 0 if nothing has to change, else 1 */
export async function providerCheck(argv: readonly string[], io: Io): Promise<number> {
  try {
    const options = parseCheckArguments(argv)
    if (options.help) {
      io.stdout(HELP)
      return 0
    }
    const token = await readToken(options, io)
    const report = await makeReport(options, token, io.nowMs)
    io.stdout(`${options.json ? reportAsJson(report) : reportAsText(report)}\n`)
    return isFit(report) ? 0 : 1
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    io.stderr(`${error.message}\n`)
    return 1
  }
}

async function makeReport(
  options: CheckArguments,
  token: string | undefined,
  nowMs: () => number,
): Promise<Report> {
  const { findings, metadata, issuer } = await discover(options.issuer)
  const vendor = vendorOf(issuer)
  if (metadata === undefined) return { issuer, vendor, findings, settings: undefined }
  const [{ findings: keyFindings, keys }, registration] = await Promise.all([
    checkKeys(metadata),
    checkRegistration({ arguments: options, metadata }),
  ])
  const sample =
    token === undefined ? [] : await sampleFindings({ token, options, issuer, metadata, keys, nowMs })
  return {
    issuer,
    vendor,
    findings: [
      ...findings,
      ...browserFindings(metadata, vendor.name),
      ...clientFindings(metadata, vendor.name),
      ...keyFindings,
      ...registration,
      ...sample,
    ],
    settings: settingsOf(metadata, issuer, options),
  }
}

async function sampleFindings(sample: {
  readonly token: string
  readonly options: CheckArguments
  readonly issuer: string
  readonly metadata: JsonObject
  readonly keys: readonly SigningKey[]
  readonly nowMs: () => number
}): Promise<readonly Finding[]> {
  const { token, options, issuer, metadata, keys, nowMs } = sample
  const { audiences, asksUserinfo, acceptsIdTokens } = options
  const nowEpochSeconds = Math.floor(nowMs() / 1000)
  const { findings, usable } = checkToken(token, {
    issuer,
    keys,
    audiences,
    nowEpochSeconds,
    acceptsIdTokens,
  })
  // Only a token that is the issuer's own is sent to it.
  if (usable === undefined || !asksUserinfo) return findings
  return [...findings, ...(await checkUserinfo({ token, claims: usable, metadata, issuer }))]
}

const MAX_TOKEN_FILE_LENGTH = 64 * 1024

/** The sample token, without white space around it; undefined if none was named. @throws {UsageError} */
async function readToken({ tokenFile }: CheckArguments, { stdin }: Io): Promise<string | undefined> {
  if (tokenFile === undefined) return undefined
  const text = tokenFile === '-' ? await readAll(stdin) : await readTokenFile(tokenFile)
  return text.trim().replace(/^bearer +/i, '')
}

async function readTokenFile(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).slice(0, MAX_TOKEN_FILE_LENGTH)
  } catch {
    throw new UsageError('The file after --token-file cannot be read.')
  }
}

async function readAll(stdin: Io['stdin']): Promise<string> {
  let text = ''
  for await (const chunk of stdin) {
    text += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8')
    if (text.length > MAX_TOKEN_FILE_LENGTH) break
  }
  return text
}
