/** What `npm run provider:check` was asked for. */
import { parseArgs } from 'node:util'
import { isSecureUrl } from './read-json.ts'

export interface CheckArguments {
  readonly help: boolean
  readonly json: boolean
  /** As typed, without a trailing `/.well-known/openid-configuration`. */
  readonly issuer: string
  /** The client that browsers are signed in with. */
  readonly clientId: string | undefined
  /** The public client of the SDK and the CLI. */
  readonly cliClientId: string | undefined
  /** The deployment, without a trailing slash. */
  readonly publicUrl: string | undefined
  /** What access tokens have to be for; empty if that was not said. */
  readonly audiences: readonly string[]
  /** A file with an access token; `-` is the standard input. */
  readonly tokenFile: string | undefined
  readonly asksUserinfo: boolean
  /** The deployment accepts tokens in the form of ID tokens (`acceptIdTokens`). */
  readonly acceptsIdTokens: boolean
}

/** The arguments make no sense. The message is one sentence for whoever typed them. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export const HELP = `Reads an identity provider's documents and says, line by line, what works with this deployment
and what must change, with the part of flyte.yaml to paste. It registers nothing and signs nobody in.

  npm run provider:check -- ISSUER [options]

  ISSUER               its address as in "issuer", such as https://example.okta.com/oauth2/default
  --client-id ID       the client that browsers are signed in with
  --cli-client-id ID   the public client of the SDK and the CLI
  --public-url URL     this deployment, such as https://flyte.example.com; together with a client id, the
                       provider is asked whether it knows the client with its redirect URI
  --audience TEXT      what access tokens have to be for; may be repeated. Default: the public URL
  --token-file FILE    an access token to check as the functions would; - reads the standard input.
                       A token never goes on the command line, where every user of the machine can read it
  --accept-id-tokens   as with auth.appAuth.externalAuthServer.acceptIdTokens: for Dex
  --no-userinfo        do not send that token to the provider's userinfo endpoint
  --json               the report as JSON
  --help               this text

Exit code: 0 if nothing has to change, 1 if something has to, or if the check could not be made.
`

const OPTIONS = {
  help: { type: 'boolean', short: 'h', default: false },
  json: { type: 'boolean', default: false },
  'client-id': { type: 'string' },
  'cli-client-id': { type: 'string' },
  'public-url': { type: 'string' },
  audience: { type: 'string', multiple: true },
  'token-file': { type: 'string' },
  'accept-id-tokens': { type: 'boolean', default: false },
  'no-userinfo': { type: 'boolean', default: false },
} as const

const DISCOVERY_PATH = /\/\.well-known\/(openid-configuration|oauth-authorization-server)\/?$/

/** Reads the arguments. @throws {UsageError} */
export function parseCheckArguments(argv: readonly string[]): CheckArguments {
  const { values, positionals } = readFlags(argv)
  const publicUrl = values['public-url'] === undefined ? undefined : originOf(values['public-url'])
  return {
    help: values.help,
    json: values.json,
    issuer: values.help ? '' : issuerOf(positionals),
    clientId: values['client-id'],
    cliClientId: values['cli-client-id'],
    publicUrl,
    audiences: values.audience ?? (publicUrl === undefined ? [] : [publicUrl]),
    tokenFile: values['token-file'],
    asksUserinfo: !values['no-userinfo'],
    acceptsIdTokens: values['accept-id-tokens'],
  }
}

function readFlags(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true, strict: true })
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new UsageError('There is an option that is unknown, or one without its value. See --help.')
  }
}

function issuerOf(positionals: readonly string[]): string {
  const [issuer, ...more] = positionals
  if (issuer === undefined || more.length > 0) throw new UsageError('Name one issuer. See --help.')
  const url = URL.parse(issuer)
  if (!isSecureUrl(issuer) || url?.search !== '' || url.hash !== '') {
    throw new UsageError('The issuer is an https address without ? and #, such as https://id.example.com.')
  }
  return issuer.replace(DISCOVERY_PATH, '')
}

function originOf(text: string): string {
  const url = URL.parse(text)
  if (url === null || !isSecureUrl(text) || url.pathname !== '/' || url.search !== '') {
    throw new UsageError('--public-url takes an https address without a path.')
  }
  return url.origin
}
