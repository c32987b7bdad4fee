/** What `npm start` says. */
import { relative } from 'node:path'
import { COMMAND_LINE_CLIENT_ID } from './identity-provider/clients.ts'
import { fullName, PEOPLE } from './identity-provider/people.ts'
import type { ServiceClient } from './service-client.ts'
import type { Stack } from './stack.ts'

/** A run that somebody can create by pasting one command: the smallest one that is valid. */
const SAMPLE_RUN = {
  projectId: { name: 'flytesnacks', domain: 'development' },
  taskSpec: {
    taskTemplate: {
      id: {
        resourceType: 'TASK',
        project: 'flytesnacks',
        domain: 'development',
        name: 'hello',
        version: 'v1',
      },
      type: 'python-task',
    },
  },
}

/**
 * The screen that is shown once everything is up: where it is, who to sign in as, and what to try.
 *
 * @param options.logFile Where the lines of the functions go; undefined where they are shown.
 */
export function readyScreen(options: {
  stack: Stack
  dataDirectory: string | undefined
  logFile: string | undefined
}): string {
  const { stack, dataDirectory, logFile } = options
  const secure = stack.url.startsWith('https:')
  const lines = [
    '',
    `  Flyte is ready at ${stack.url}`,
    '',
    `  Console            ${stack.url}/v2`,
    `  Identity provider  ${stack.issuer}`,
    ...(stack.service === undefined
      ? []
      : [`  Tokens             are this deployment's own: ${stack.url}/oauth2`]),
    ...(stack.provider === undefined ? [`  Callback there     ${stack.callbackUrl}`] : []),
    ...(stack.browserAuth === 'service'
      ? [`  Browsers           are signed in by the login function: /login, /logout, /me`]
      : []),
    ...(stack.internalUrl === undefined ? [] : [`  Running tasks      call ${stack.internalUrl}`]),
    ...(secure ? [`  Trust this CA      ${stack.authority.file}`] : []),
    `  Data               ${dataDirectory ?? 'in memory; --data DIR keeps it'}`,
    ...(logFile === undefined ? [] : [`  Log                ${relative(process.cwd(), logFile)}`]),
    '',
    ...(stack.provider === undefined ? [] : people()),
    ...commands(stack),
    '',
    '  Ctrl-C stops everything.',
    '',
  ]
  return lines.join('\n')
}

function people(): string[] {
  return [
    '  Sign in as',
    ...PEOPLE.map((person) => `    ${person.id.padEnd(8)}${fullName(person)}, ${person.email}`),
    '',
  ]
}

function commands(stack: Stack): string[] {
  const trust = stack.url.startsWith('https:') ? ` --cacert ${stack.authority.file}` : ''
  const token =
    stack.provider === undefined
      ? 'TOKEN=<an access token of your identity provider>'
      : `TOKEN=$(npm run --silent token -- ada --port ${stack.port})`
  const call = (method: string, body: unknown) => [
    `    curl -s${trust} ${stack.url}/flyteidl2.workflow.RunService/${method} \\`,
    `      -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\`,
    `      -d '${JSON.stringify(body)}'`,
  ]
  const mine = {
    request: { limit: 10, filters: [{ function: 'EQUAL', field: 'created_by', values: ['ada'] }] },
    projectId: { name: 'flytesnacks', domain: 'development' },
  }
  return [
    '  Try',
    `  1. In a browser: sign in and start a run at ${stack.url}/v2`,
    '  2. With a token: create a run',
    `    ${token}`,
    ...call('CreateRun', SAMPLE_RUN),
    '  3. List my runs',
    ...call('ListRuns', mine),
    ...(stack.service === undefined ? [] : ownTokens(stack, stack.service, trust)),
  ]
}

/** The ways to get a token that only an authorization server of our own has. */
function ownTokens({ url }: Stack, { clientId, clientSecret }: ServiceClient, trust: string): string[] {
  const client = 'flytectl'
  return [
    '  4. As a service: a token with its secret',
    `    curl -s${trust} -u ${clientId}:${clientSecret} -d grant_type=client_credentials ${url}/oauth2/token`,
    '  5. On a machine without a browser: a code that a person confirms',
    `    curl -s${trust} -d client_id=${client} ${url}/oauth2/device_authorization`,
    `    open ${url}/device, give it the user_code, then with the device_code`,
    `    curl -s${trust} -d client_id=${client} -d device_code=$CODE \\`,
    `      -d grant_type=urn:ietf:params:oauth:grant-type:device_code ${url}/oauth2/token`,
  ]
}

/** What is shown below that screen where an identity-aware proxy is in front. */
export function proxyScreen(proxy: { readonly url: string }, stack: Stack): string {
  const client = `--issuer ${stack.issuer} --client-id ${COMMAND_LINE_CLIENT_ID}`
  return [
    `  Behind the identity-aware proxy at ${proxy.url}`,
    `    curl -s ${proxy.url}/flyteidl2.auth.IdentityService/UserInfo -d '{}' -H 'Content-Type: application/json' \\`,
    `      -H "Proxy-Authorization: Bearer $(npx flyte-token user-id-token ${client})"`,
    '',
  ].join('\n')
}

/** A step of the start, as it is shown while it works. */
export function progressLine(step: string, elapsedMs: number): string {
  return `  ${(elapsedMs / 1000).toFixed(1).padStart(5)} s  ${step}`
}
