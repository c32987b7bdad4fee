/** What flyte-token was asked for. */
import { parseArgs } from 'node:util'
import { isLoopback, isSecureUrl, readFlags, usage, wholeNumber } from '../shared/flags.ts'
import type { ClientSecret, SecretSource } from './client-secret.ts'
import type { UserTokenOptions } from './openid/user-token.ts'
import { SERVICE_SOURCES, type ServiceTokenOptions } from './service/source.ts'

export interface Shown {
  readonly as: 'token' | 'json' | 'decoded'
}

/** Which entries `list` and `logout` are about; undefined for any. */
export interface Selection {
  readonly issuer: string | undefined
  readonly clientId: string | undefined
  readonly audience: string | undefined
  readonly account: string | undefined
}

export type Command = { readonly timeoutSeconds: number; readonly keyring: boolean } & (
  | { readonly name: 'user-id-token'; readonly options: UserTokenOptions; readonly shown: Shown }
  | {
      readonly name: 'service-account-id-token'
      readonly options: ServiceTokenOptions
      readonly shown: Shown
    }
  | { readonly name: 'list'; readonly selection: Selection; readonly json: boolean }
  | { readonly name: 'logout'; readonly selection: Selection }
  | { readonly name: 'help' }
)

const text = { type: 'string' } as const
const flag = { type: 'boolean', default: false } as const

const COMMON = {
  help: { ...flag, short: 'h' },
  timeout: { ...text, default: '300' },
  'no-keyring': flag,
} as const
const SELECTION = { issuer: text, 'client-id': text, audience: text, account: text } as const
const TOKEN = {
  ...COMMON,
  ...SELECTION,
  scopes: text,
  'client-secret-id': text,
  'client-secret-env': text,
  'client-secret-file': text,
  'client-secret-key': text,
  'client-auth': text,
  force: flag,
  json: flag,
  decode: flag,
} as const
const USER = {
  ...TOKEN,
  'access-token': flag,
  device: flag,
  port: text,
  'redirect-uri': text,
  'no-browser': flag,
} as const
const SERVICE = { ...TOKEN, source: text, 'key-file': text, 'web-identity-token-file': text } as const

const DEFAULT_ISSUER = 'https://accounts.google.com'
/** A browser that was closed is noticed by nothing else. */
const TIMEOUT_SECONDS = { min: 1, max: 3_600 }

/**
 * Reads the arguments.
 *
 * @throws {CommandError} `usage`
 */
export function parseArguments(argv: readonly string[]): Command {
  const [name, ...args] = argv
  switch (name) {
    case 'user-id-token':
      return parseUser(args)
    case 'service-account-id-token':
      return parseService(args)
    case 'list': {
      const { values } = readFlags(() =>
        parseArgs({ args, options: { ...COMMON, ...SELECTION, json: flag } }),
      )
      return values.help
        ? HELP
        : { ...common(values), name, selection: selectionOf(values), json: values.json }
    }
    case 'logout': {
      const { values } = readFlags(() => parseArgs({ args, options: { ...COMMON, ...SELECTION } }))
      return values.help ? HELP : { ...common(values), name, selection: selectionOf(values) }
    }
    case undefined:
    case 'help':
    case '-h':
    case '--help':
      return HELP
    default:
      throw usage(
        'The first argument is one of user-id-token, service-account-id-token, list and logout; see --help.',
      )
  }
}

const HELP: Command = { name: 'help', timeoutSeconds: TIMEOUT_SECONDS.max, keyring: true }

function common(values: { timeout: string; 'no-keyring': boolean }) {
  return {
    timeoutSeconds: wholeNumber('--timeout', values.timeout, TIMEOUT_SECONDS),
    keyring: !values['no-keyring'],
  }
}

function parseUser(args: string[]): Command {
  const { values } = readFlags(() => parseArgs({ args, options: USER }))
  if (values.help) return HELP
  const clientId = values['client-id']
  if (!clientId) throw usage('--client-id is missing: the client that is registered for this command.')
  const options: UserTokenOptions = {
    issuer: issuerOf(values.issuer ?? DEFAULT_ISSUER),
    clientId,
    ...tokenOptions(values),
    account: values.account ?? '',
    token: values['access-token'] ? 'accessToken' : 'idToken',
    device: values.device,
    redirectUri: redirectUriOf(values['redirect-uri'], values.port),
    openBrowser: !values['no-browser'],
  }
  return { ...common(values), name: 'user-id-token', options, shown: shownAs(values) }
}

function parseService(args: string[]): Command {
  const { values } = readFlags(() => parseArgs({ args, options: SERVICE }))
  if (values.help) return HELP
  const source = SERVICE_SOURCES.find((one) => one === values.source)
  if (values.source !== undefined && source === undefined) {
    throw usage(`--source takes one of ${SERVICE_SOURCES.join(', ')}.`)
  }
  const options: ServiceTokenOptions = {
    source,
    issuer: values.issuer === undefined ? undefined : issuerOf(values.issuer),
    clientId: values['client-id'],
    keyFile: values['key-file'],
    webIdentityFile: values['web-identity-token-file'],
    account: values.account ?? '',
    ...tokenOptions(values),
  }
  return { ...common(values), name: 'service-account-id-token', options, shown: shownAs(values) }
}

interface TokenValues {
  readonly audience?: string
  readonly scopes?: string
  readonly force: boolean
  readonly 'client-auth'?: string
  readonly 'client-secret-id'?: string
  readonly 'client-secret-env'?: string
  readonly 'client-secret-file'?: string
  readonly 'client-secret-key'?: string
}

function tokenOptions(values: TokenValues) {
  const authentication = values['client-auth']
  if (authentication !== undefined && authentication !== 'basic' && authentication !== 'post') {
    throw usage('--client-auth takes basic or post.')
  }
  return {
    audience: values.audience ?? '',
    scopes: (values.scopes ?? '').split(/[\s,]+/).filter((scope) => scope !== ''),
    clientSecret: secretOf(values),
    clientAuthentication: authentication,
    force: values.force,
  } as const
}

function secretOf(values: TokenValues): ClientSecret | undefined {
  const [id, variable, path] = [
    values['client-secret-id'],
    values['client-secret-env'],
    values['client-secret-file'],
  ]
  const sources: SecretSource[] = [
    ...(id ? [{ from: 'secrets-manager' as const, id }] : []),
    ...(variable ? [{ from: 'environment' as const, variable }] : []),
    ...(path ? [{ from: 'file' as const, path }] : []),
  ]
  const [source, ...more] = sources
  if (more.length > 0) {
    throw usage('Give one of --client-secret-id, --client-secret-env and --client-secret-file.')
  }
  const key = values['client-secret-key']
  if (source === undefined && key !== undefined)
    throw usage('--client-secret-key needs a secret to look into.')
  return source && { source, key }
}

function issuerOf(issuer: string): string {
  if (isSecureUrl(issuer)) return issuer
  throw usage('--issuer takes the https URL of the provider, such as https://id.example.com.')
}

/** Where the browser comes back to. A path of its own, so that nothing else that a browser asks for looks like it. */
function redirectUriOf(redirectUri: string | undefined, port: string | undefined): URL {
  if (redirectUri !== undefined && port !== undefined) throw usage('Give --port or --redirect-uri, not both.')
  if (redirectUri === undefined) {
    const number = port === undefined ? 0 : wholeNumber('--port', port, { min: 1, max: 65_535 })
    return new URL(`http://127.0.0.1:${number}/callback`)
  }
  const url = URL.canParse(redirectUri) ? new URL(redirectUri) : undefined
  const isOurs = url?.protocol === 'http:' && isLoopback(url.hostname) && url.search === '' && url.hash === ''
  if (url !== undefined && isOurs) return url
  throw usage('--redirect-uri takes a URL of this machine, such as http://localhost:53593/callback.')
}

function shownAs(values: { json: boolean; decode: boolean }): Shown {
  if (values.json && values.decode) throw usage('Give --json or --decode, not both.')
  return { as: values.json ? 'json' : values.decode ? 'decoded' : 'token' }
}

function selectionOf(values: {
  issuer?: string
  'client-id'?: string
  audience?: string
  account?: string
}): Selection {
  const { issuer, audience, account } = values
  return { issuer, clientId: values['client-id'], audience, account }
}
