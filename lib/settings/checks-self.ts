/** Rules about our own authorization server (`authServerType: Self`): its clients, and who has to reach it. */
import { clientId, clientsOf } from './authorization-server.ts'
import type { CrossCheck } from './cross-check.ts'
import { problemIf } from './cross-check.ts'
import type { Problem } from './problems.ts'
import { flyteClientIdOf } from './resolve.ts'
import type { SettingsFile } from './schema.ts'

const TYPE = 'auth.appAuth.authServerType'
const SELF = 'auth.appAuth.selfAuthServer'
const CLIENTS = `${SELF}.staticClients`
const FLYTE_CLIENT = 'auth.appAuth.thirdPartyConfig.flyteClient'
const EVERYBODY = '0.0.0.0/0'

const whenSelf = (check: CrossCheck): CrossCheck => ({
  reads: [TYPE, ...check.reads],
  run: (file, routes) => (file.auth.appAuth.authServerType === 'Self' ? check.run(file, routes) : []),
})

const externalClient: CrossCheck = {
  reads: [TYPE, `${FLYTE_CLIENT}.clientId`],
  run: ({ auth: { appAuth } }) =>
    problemIf(
      appAuth.authServerType === 'External' && appAuth.thirdPartyConfig.flyteClient.clientId === undefined,
      `${FLYTE_CLIENT}.clientId`,
      'is missing; set it to the id of the public client that the SDK and the CLI use',
    ),
}

/** What has no meaning beside an authorization server of our own, and would be missed by whoever wrote it. */
const otherServers: CrossCheck = {
  reads: ['auth.appAuth.externalAuthServer.additionalIssuers', 'auth.tokenEndpointProxyConfig.enabled'],
  run: ({ auth }) => [
    ...problemIf(
      auth.appAuth.externalAuthServer.additionalIssuers.length > 0,
      'auth.appAuth.externalAuthServer.additionalIssuers',
      `must be empty with ${TYPE} Self, which accepts its own tokens only`,
    ),
    ...problemIf(
      auth.tokenEndpointProxyConfig.enabled,
      'auth.tokenEndpointProxyConfig.enabled',
      `must be false with ${TYPE} Self: the token endpoint is at this deployment already`,
    ),
  ],
}

/** The load balancer and the functions read the keys at the public URL, from addresses that nobody can list. */
const reachable: CrossCheck = {
  reads: ['ingress.minimalPaths', 'loadBalancer.allowedCidrs', 'loadBalancer.existing'],
  run: ({ ingress, loadBalancer: { existing, allowedCidrs } }) => [
    ...problemIf(
      ingress.minimalPaths,
      'ingress.minimalPaths',
      `must be false with ${TYPE} Self: its endpoints are below /oauth2`,
    ),
    ...problemIf(
      existing === undefined && !allowedCidrs.includes(EVERYBODY),
      'loadBalancer.allowedCidrs',
      `must have ${EVERYBODY} with ${TYPE} Self: the load balancer and the functions read its keys at the public URL`,
    ),
  ],
}

const clients: CrossCheck = {
  reads: [CLIENTS],
  run: (file) => {
    const listed = Object.entries(file.auth.appAuth.selfAuthServer.staticClients)
    const ids = listed.map(([key, client]) => clientId(key, client))
    return listed.flatMap(([key], index) => [
      ...problemIf(
        ids.indexOf(ids[index] ?? '') !== index,
        `${CLIENTS}.${key}.id`,
        'is the id of another client too',
      ),
      ...clientProblems(file, ids[index] ?? '', `${CLIENTS}.${key}`),
    ])
  },
}

function clientProblems(file: SettingsFile, id: string, path: string): Problem[] {
  const client = clientsOf(file).find((one) => one.id === id)
  if (client === undefined) return []
  const { grantTypes, redirectUris } = client
  return [
    ...problemIf(
      !/^[\w.~-]{1,128}$/.test(id),
      `${path}.id`,
      'is missing; the key cannot be the id, which has letters, digits, dots, - and _',
    ),
    ...problemIf(
      grantTypes.includes('authorization_code') && redirectUris.length === 0,
      `${path}.redirect_uris`,
      'is missing; list the callbacks, or leave authorization_code out of grant_types',
    ),
    ...problemIf(
      client.public && grantTypes.includes('client_credentials'),
      `${path}.grant_types`,
      'must not have client_credentials for a public client, which has no secret to prove itself with',
    ),
  ]
}

const flyteClient: CrossCheck = {
  reads: [CLIENTS, FLYTE_CLIENT],
  run: (file) => {
    const { redirectUri, scopes } = file.auth.appAuth.thirdPartyConfig.flyteClient
    const client = clientsOf(file).find(({ id }) => id === flyteClientIdOf(file))
    if (client?.public !== true) {
      const message = `must be flytectl, flyte-cli or a public client of ${CLIENTS}`
      return [{ path: `${FLYTE_CLIENT}.clientId`, message }]
    }
    return [
      ...problemIf(
        !client.redirectUris.includes(redirectUri),
        `${FLYTE_CLIENT}.redirectUri`,
        `must be one of the redirect_uris that this client has in ${CLIENTS}`,
      ),
      ...problemIf(
        scopes.some((scope) => !client.scopes.includes(scope)),
        `${FLYTE_CLIENT}.scopes`,
        `must be scopes that this client has in ${CLIENTS}`,
      ),
    ]
  },
}

const signingKeys: CrossCheck = {
  reads: ['aws.region', `${SELF}.signing`, `${SELF}.signingKmsKeys`, 'secrets.signingKeys.name'],
  run: ({ aws, auth, secrets }) => {
    const { signing, signingKmsKeys = [] } = auth.appAuth.selfAuthServer
    return [
      ...problemIf(
        signing === 'secret' && signingKmsKeys.length > 0,
        `${SELF}.signingKmsKeys`,
        'has no effect without signing kms; remove it, or set that',
      ),
      ...problemIf(
        signingKmsKeys.some((arn) => arn.split(':')[3] !== aws.region),
        `${SELF}.signingKmsKeys`,
        'must be keys in the region of aws.region',
      ),
      ...problemIf(
        signing === 'kms' && secrets.signingKeys.name !== undefined,
        'secrets.signingKeys.name',
        'has no effect with signing kms; remove it',
      ),
    ]
  },
}

/** Secrets that are named for a server which is not there. */
const unusedSecrets: CrossCheck = {
  reads: [TYPE, 'secrets'],
  run: ({ auth, secrets: { signingKeys: keys, clientSecrets } }) =>
    Object.entries({ signingKeys: keys, clientSecrets }).flatMap(([key, { name }]) =>
      problemIf(
        auth.appAuth.authServerType === 'External' && name !== undefined,
        `secrets.${key}.name`,
        `has no effect without ${TYPE} Self; remove it`,
      ),
    ),
}

/** Sizes of a function that is not there. */
const unusedSizes: CrossCheck = {
  reads: [TYPE, 'functions'],
  run: ({ auth, functions: { memoryMb, reservedConcurrency } }) =>
    Object.entries({ memoryMb, reservedConcurrency }).flatMap(([key, sizes]) =>
      problemIf(
        auth.appAuth.authServerType === 'External' && sizes['authorization-server'] !== undefined,
        `functions.${key}.authorization-server`,
        `has no effect without ${TYPE} Self, which deploys that function; remove it, or set that`,
      ),
    ),
}

const refreshLifespans: CrossCheck = {
  reads: [SELF],
  run: ({ auth }) => {
    const { refreshTokenLifespan, refreshTokenAbsoluteLifespan: absolute } = auth.appAuth.selfAuthServer
    return problemIf(
      absolute !== undefined && absolute < refreshTokenLifespan,
      `${SELF}.refreshTokenAbsoluteLifespan`,
      'must not be shorter than refreshTokenLifespan',
    )
  },
}

export const SELF_CHECKS: readonly CrossCheck[] = [
  externalClient,
  unusedSecrets,
  unusedSizes,
  ...[otherServers, reachable, clients, flyteClient, signingKeys, refreshLifespans].map(whenSelf),
]
