/** What `npm start` was asked for. */
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { RealProvider } from './provider-description.ts'
import { BROWSER_AUTHS, type BrowserAuth } from './settings.ts'

export interface StartArguments {
  readonly help: boolean
  readonly port: number
  readonly tls: boolean
  readonly verbose: boolean
  readonly dataDirectory: string | undefined
  readonly provider: RealProvider | undefined
  readonly browserAuth: BrowserAuth
  readonly self: boolean
  readonly internal: boolean
  /** Where an identity-aware proxy listens in front of the stack; undefined for none. */
  readonly proxyPort: number | undefined
}

/** The arguments make no sense. The message is one sentence for whoever typed them. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export const DEFAULT_PORT = 8080

export const HELP = `Runs the whole stack on this machine: the synthesized template behind a load balancer,
an identity provider with people to sign in as, DynamoDB, S3 and Secrets Manager.

  npm start -- [options]

  --port N            where to listen; the identity provider takes the port above. Default ${DEFAULT_PORT}
  --data DIR          keep runs and sessions in this folder; without it they end with the stack
  --tls               serve https, with a certificate authority that is made here
  --browser-auth WHO  who signs browsers in: alb, the load balancer (the default), or service, the login
                      function: then sessions, sign-out and /me are this deployment's own
  --self              be the authorization server too: tokens for the SDK, the CLI, services and devices
                      come from this deployment, and people sign in at the identity provider on the way
  --internal          also open the load balancer that running tasks call, at the port above the provider's
  --proxy N           put an identity-aware proxy in front, on that port: nobody comes through without a token
                      for it, which "npx flyte-token user-id-token" prints
  --verbose           show what the functions log, and every request
  --provider URL      a real identity provider instead of the local one, with
    --client-id ID      the client for signing in        (or FLYTE_OIDC_CLIENT_ID)
                        its secret                       (FLYTE_OIDC_CLIENT_SECRET)
    --cli-client-id ID  the public client of SDK and CLI; default: the same client
    --audience TEXT     the audience of its access tokens; default: the URL of the stack
  --help              this text
`

const OPTIONS = {
  help: { type: 'boolean', short: 'h', default: false },
  port: { type: 'string', short: 'p', default: String(DEFAULT_PORT) },
  data: { type: 'string' },
  tls: { type: 'boolean', default: false },
  verbose: { type: 'boolean', short: 'v', default: false },
  'browser-auth': { type: 'string', default: 'alb' },
  self: { type: 'boolean', default: false },
  internal: { type: 'boolean', default: false },
  proxy: { type: 'string' },
  provider: { type: 'string' },
  'client-id': { type: 'string' },
  'cli-client-id': { type: 'string' },
  audience: { type: 'string' },
} as const

/**
 * Reads the arguments of `npm start`.
 *
 * @param environment For the client of a real identity provider: a secret on a command line is one that
 *   every other user of the machine can read.
 * @throws {UsageError}
 */
export function parseStartArguments(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): StartArguments {
  const { values } = readFlags(() => parseArgs({ args: [...argv], options: OPTIONS, strict: true }))
  if (values.internal && parsePort(values.port) > 65_533) {
    throw new UsageError('--internal takes the second port above; --port has to leave room for it.')
  }
  if (values.self && (values['cli-client-id'] ?? values.audience) !== undefined) {
    throw new UsageError(
      '--cli-client-id and --audience are about the tokens of a provider; leave them out with --self.',
    )
  }
  if (values.proxy !== undefined && values.provider !== undefined) {
    throw new UsageError('--proxy takes tokens of the local identity provider; leave it out with --provider.')
  }
  return {
    help: values.help,
    port: parsePort(values.port),
    tls: values.tls,
    verbose: values.verbose,
    dataDirectory: values.data === undefined ? undefined : resolve(nonEmpty('--data', values.data)),
    browserAuth: parseBrowserAuth(values['browser-auth']),
    self: values.self,
    internal: values.internal,
    proxyPort: values.proxy === undefined ? undefined : parsePort(values.proxy, '--proxy'),
    provider: values.provider === undefined ? undefined : readProvider(values.provider, values, environment),
  }
}

/** Runs `parse` and turns its complaint into a {@link UsageError}. */
export function readFlags<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    const [sentence = ''] = error.message.split('. ')
    throw new UsageError(`${sentence.replace(/\.$/, '')}. See --help.`)
  }
}

/** A port to listen on or to call. @throws {UsageError} */
export function parsePort(text: string, flag = '--port'): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  // The identity provider takes the port above, and it has to be one.
  if (!(port >= 1 && port < 65_535)) throw new UsageError(`${flag} takes a number from 1 to 65534.`)
  return port
}

function parseBrowserAuth(text: string): BrowserAuth {
  const known = BROWSER_AUTHS.find((one) => one === text)
  if (known === undefined) throw new UsageError(`--browser-auth takes ${BROWSER_AUTHS.join(' or ')}.`)
  return known
}

function readProvider(
  url: string,
  values: { 'client-id'?: string; 'cli-client-id'?: string; audience?: string },
  environment: Readonly<Record<string, string | undefined>>,
): RealProvider {
  const parsed = URL.parse(url)
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) {
    throw new UsageError('--provider takes the URL of an issuer, such as https://id.example.com.')
  }
  const clientId = values['client-id'] ?? environment.FLYTE_OIDC_CLIENT_ID
  const clientSecret = environment.FLYTE_OIDC_CLIENT_SECRET
  if (!clientId)
    throw new UsageError('--provider needs --client-id, or FLYTE_OIDC_CLIENT_ID in the environment.')
  if (!clientSecret) throw new UsageError('--provider needs FLYTE_OIDC_CLIENT_SECRET in the environment.')
  return {
    url,
    clientId,
    clientSecret,
    commandLineClientId: values['cli-client-id'],
    audience: values.audience,
  }
}

function nonEmpty(flag: string, value: string): string {
  if (value === '') throw new UsageError(`${flag} takes a value.`)
  return value
}
