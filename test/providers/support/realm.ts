/** The realm of the recipe in `docs/identity-providers/keycloak.md`, as what its console would export. */

export const PASSWORD = 'correct horse battery staple'
export const SECRETS = {
  loadBalancer: 'secret-of-the-load-balancer',
  reporter: 'secret-of-the-reporter',
} as const

/** Names the deployment as audience of a client's access tokens. */
function audienceMapper(audience: string) {
  return {
    name: 'flyte-audience',
    protocol: 'openid-connect',
    protocolMapper: 'oidc-audience-mapper',
    config: {
      'included.custom.audience': audience,
      'access.token.claim': 'true',
      'id.token.claim': 'false',
    },
  }
}

/**
 * Without `roles`, which adds the audience `account` for whoever has a role there: the audience would be a list for some
 * people and a text for others. `basic` has the subject.
 */
const SCOPES = {
  defaultClientScopes: ['basic', 'profile', 'email'],
  optionalClientScopes: ['offline_access'],
}

/** The realm with three clients and a person. `otherUrls` are deployments that browsers sign in to as well. */
export function flyteRealm(options: {
  publicUrl: string
  otherUrls?: readonly string[]
  commandLineRedirectUri: string
}) {
  const { publicUrl, otherUrls = [], commandLineRedirectUri } = options
  const urls = [publicUrl, ...otherUrls]
  return {
    realm: 'flyte',
    enabled: true,
    sslRequired: 'none',
    clients: [
      {
        clientId: 'flyte-load-balancer',
        secret: SECRETS.loadBalancer,
        publicClient: false,
        standardFlowEnabled: true,
        redirectUris: urls.flatMap((url) => [`${url}/oauth2/idpresponse`, `${url}/callback`]),
        attributes: { 'post.logout.redirect.uris': urls.map((url) => `${url}/logout`).join('##') },
      },
      {
        clientId: 'flyte-cli',
        publicClient: true,
        standardFlowEnabled: true,
        redirectUris: [commandLineRedirectUri],
        // Not pkce.code.challenge.method: Keycloak would ask for PKCE in the device flow too, where clients have none.
        attributes: { 'oauth2.device.authorization.grant.enabled': 'true' },
        protocolMappers: [audienceMapper(publicUrl)],
        ...SCOPES,
      },
      {
        clientId: 'Flyte-Reporter',
        secret: SECRETS.reporter,
        publicClient: false,
        standardFlowEnabled: false,
        serviceAccountsEnabled: true,
        protocolMappers: [audienceMapper(publicUrl)],
        ...SCOPES,
        defaultClientScopes: ['basic', 'service_account'],
      },
    ],
    users: [
      {
        username: 'ada',
        enabled: true,
        email: 'ada@example.com',
        emailVerified: true,
        firstName: 'Ada',
        lastName: 'Lovelace',
        // What everybody has who is made in the console; offline_access is in it.
        realmRoles: ['default-roles-flyte'],
        credentials: [{ type: 'password', value: PASSWORD, temporary: false }],
      },
    ],
  }
}
