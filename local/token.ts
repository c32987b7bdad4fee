/** `npm run token`: an access token of a person or a service of the local identity provider. */
import { readFile } from 'node:fs/promises'
import { get as getHttp } from 'node:http'
import { get as getHttps } from 'node:https'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { trustAuthority } from './certificates.ts'
import { DEFAULT_PORT, parsePort, readFlags, UsageError } from './command-line.ts'
import { SERVICE_CLIENT_ID, SERVICE_CLIENT_SECRET } from './identity-provider/clients.ts'
import { findPerson, PEOPLE } from './identity-provider/people.ts'
import { SignInError, signInAs, signInAsService } from './sign-in.ts'
import { LOCAL_DIRECTORY } from './synthesis.ts'

const NAMES = PEOPLE.map(({ id }) => id).join(' or ')

export const TOKEN_HELP = `Prints a bearer access token for a stack that runs on this machine, as the last line.

  npm run --silent token -- ${PEOPLE[0]?.id} [--port N]              of a person: ${NAMES}
  npm run --silent token -- --client ${SERVICE_CLIENT_ID} [--port N]   of a service, as itself

The person is signed in at the stack's identity provider with the authorization code flow and PKCE, as the
SDK does; the local provider takes the name instead of showing its page. Default port: ${DEFAULT_PORT}.
`

export interface TokenArguments {
  readonly help: boolean
  readonly port: number
  readonly person: string | undefined
  readonly client: string | undefined
}

/** Reads the arguments. @throws {UsageError} */
export function parseTokenArguments(argv: readonly string[]): TokenArguments {
  const { values, positionals } = readFlags(() =>
    parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        port: { type: 'string', short: 'p', default: String(DEFAULT_PORT) },
        client: { type: 'string' },
      },
    }),
  )
  const { help, client } = values
  const [person, ...more] = positionals
  if (!help && (more.length > 0 || (person === undefined) === (client === undefined))) {
    throw new UsageError(`Name one person (${NAMES}) or a service (--client ${SERVICE_CLIENT_ID}).`)
  }
  if (person !== undefined && findPerson(person) === undefined) {
    throw new UsageError(`There is no such person; name ${NAMES}.`)
  }
  if (client !== undefined && client !== SERVICE_CLIENT_ID) {
    throw new UsageError(`There is no such service; name ${SERVICE_CLIENT_ID}.`)
  }
  return { help, port: parsePort(values.port), person, client }
}

/** The command: prints the token, or a sentence that says what to do. @returns the exit code */
export async function printToken(argv: readonly string[]): Promise<number> {
  try {
    const options = parseTokenArguments(argv)
    console.log(options.help ? TOKEN_HELP : await requestToken(options))
    return 0
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof SignInError)) throw error
    console.error(sentenceFor(error))
    return 1
  }
}

/**
 * Asks the running stack who its identity provider is, and gets a token there.
 *
 * @throws {UsageError} nobody listens on that port, or it is not this stack
 * @throws {SignInError}
 */
export async function requestToken(options: TokenArguments): Promise<string> {
  const { port, person } = options
  const metadata = await fromStack(port, '/.well-known/oauth-authorization-server')
  const tokenEndpoint = String(metadata.token_endpoint)
  if (person === undefined) {
    const service = { clientId: SERVICE_CLIENT_ID, clientSecret: SERVICE_CLIENT_SECRET }
    return (await signInAsService({ tokenEndpoint, ...service })).accessToken
  }
  const client = await fromStack(port, '/config/v1/flyte_client')
  const { accessToken } = await signInAs({
    person,
    endpoints: { authorizationEndpoint: String(metadata.authorization_endpoint), tokenEndpoint },
    clientId: String(client.client_id ?? client.clientId),
    redirectUri: String(client.redirect_uri ?? client.redirectUri),
    scopes: (client.scopes ?? []) as string[],
  })
  return accessToken
}

function sentenceFor(error: UsageError | SignInError): string {
  if (error instanceof SignInError && error.reason === 'not_a_local_provider') {
    return 'This stack was started with --provider; get a token from that identity provider instead.'
  }
  return error.message
}

/** A document of the running stack, over http or, if it was started so, https. */
async function fromStack(port: number, path: string): Promise<Record<string, unknown>> {
  const ca = await readFile(join(LOCAL_DIRECTORY, 'certificates', 'ca.pem'), 'utf8').catch(() => undefined)
  // The endpoints that the documents name are at the same address.
  if (ca !== undefined) trustAuthority(ca)
  const attempts = [
    () => getJson((done) => getHttp(`http://localhost:${port}${path}`, done)),
    () => getJson((done) => getHttps(`https://localhost:${port}${path}`, done)),
  ]
  for (const attempt of attempts) {
    const document = await attempt()
    if (document !== undefined) return document
  }
  throw new UsageError(
    `No stack answers on port ${port}; start one with "npm start -- --port ${port}", or name its port with --port.`,
  )
}

/** The JSON document at the end of a request; undefined if there is none, whatever the reason. */
function getJson(
  request: (
    done: (response: import('node:http').IncomingMessage) => void,
  ) => import('node:http').ClientRequest,
): Promise<Record<string, unknown> | undefined> {
  return new Promise((resolve) => {
    request(async (response) => {
      const chunks: Buffer[] = []
      for await (const chunk of response) chunks.push(chunk)
      try {
        resolve(response.statusCode === 200 ? JSON.parse(Buffer.concat(chunks).toString('utf8')) : undefined)
      } catch {
        resolve(undefined)
      }
    }).on('error', () => resolve(undefined))
  })
}
