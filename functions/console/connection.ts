/** What a client needs to know of a deployment, as the texts that people copy. */
import type { FunctionSettings } from '../shared/config.ts'

export interface ConnectionOptions {
  readonly settings: Pick<FunctionSettings, 'auth' | 'runs'>
  /** The URL that the browser came by, without a trailing slash. */
  readonly publicUrl: string
  /** Who is looking, for commands that name somebody. */
  readonly subject: string
}

/** Each is a whole file or a whole command, as it is for this deployment. */
export interface Connection {
  readonly isSecure: boolean
  /** `~/.flyte/config.yaml` of a person. */
  readonly personConfig: string
  /** The command that writes the same. */
  readonly createConfig: string
  /** The configuration of a program without a browser. */
  readonly serviceConfig: string
  /** How to come by an access token. */
  readonly token: string
  readonly call: string
  readonly facts: readonly (readonly [term: string, value: string])[]
}

/** Puts the texts together. */
export function connectionOf({ settings, publicUrl, subject }: ConnectionOptions): Connection {
  const { protocol, host } = new URL(publicUrl)
  const isSecure = protocol === 'https:'
  const endpoint = `dns:///${host}`
  const { project, domain } = preferredPlace(settings.runs)
  const admin = ['admin:', `  endpoint: ${endpoint}`, `  insecure: ${!isSecure}`]
  const task = ['task:', ...(project === undefined ? [] : [`  project: ${project}`]), `  domain: ${domain}`]
  return {
    isSecure,
    personConfig: lines(...admin, '  authType: Pkce', ...task),
    createConfig: [
      `flyte create config --endpoint ${endpoint}${isSecure ? '' : ' --insecure'} --auth-type pkce`,
      `  ${project === undefined ? '' : `--project ${project} `}--domain ${domain} --output ~/.flyte/config.yaml`,
    ].join(' \\\n'),
    serviceConfig: lines(
      ...admin,
      '  authType: ClientSecret',
      '  clientId: my-service',
      '  clientSecretEnvVar: FLYTE_CLIENT_SECRET',
      ...task,
    ),
    token: tokenCommand(new URL(publicUrl), subject),
    call: callCommand(publicUrl, settings.auth),
    facts: factsOf(settings.auth),
  }
}

function preferredPlace({ seedProjects, domains }: FunctionSettings['runs']) {
  const domain = domains.includes('development') ? 'development' : (domains[0] as string)
  return { project: seedProjects[0], domain }
}

/** On a machine of one's own, the stack's own command; elsewhere the provider's, which nobody here knows. */
function tokenCommand({ hostname, port }: URL, subject: string): string {
  if (hostname !== 'localhost') return "TOKEN='<an access token of the authorization server>'"
  const account = /^[\w-]{1,64}$/.test(subject) ? subject : 'ada'
  return `TOKEN=$(npm run --silent token -- ${account}${port === '' ? '' : ` --port ${port}`})`
}

function callCommand(publicUrl: string, { appAuth }: FunctionSettings['auth']): string {
  const { authorizationMetadataKey } = appAuth.thirdPartyConfig.flyteClient
  return [
    `curl -s ${publicUrl}/flyteidl2.auth.IdentityService/UserInfo`,
    `  -H "${authorizationMetadataKey}: Bearer $TOKEN"`,
    "  -H 'content-type: application/json' -d '{}'",
  ].join(' \\\n')
}

function factsOf({ appAuth, trustedIssuers }: FunctionSettings['auth']): Connection['facts'] {
  const { clientId, redirectUri, scopes } = appAuth.thirdPartyConfig.flyteClient
  const [issuer] = trustedIssuers
  return [
    [
      'Authorization server',
      appAuth.authServerType === 'Self' ? appAuth.selfAuthServer.issuer : appAuth.externalAuthServer.baseUrl,
    ],
    ['Public client of SDK and command line', clientId],
    ['Its redirect address', redirectUri],
    ['Its scopes', scopes.join(' ')],
    ['Issuers of tokens', trustedIssuers.map((one) => one.issuer).join(', ')],
    [`Audience (${issuer?.audienceClaim ?? 'aud'})`, issuer?.audiences.join(', ') ?? ''],
  ]
}

function lines(...all: readonly string[]): string {
  return `${all.join('\n')}\n`
}
