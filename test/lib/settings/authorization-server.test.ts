/** What the authorization server is told, and that it reads what is written here. */
import { describe, expect, it } from 'vitest'
import { parseAuthorizationServerConfig } from '../../../functions/authorization-server/config.ts'
import { DEFAULT_CLIENTS, DEFAULT_LIFETIMES } from '../../../functions/authorization-server/settings.ts'
import { authorizationServerSettings, scopesOf } from '../../../lib/settings/authorization-server.ts'
import { self, settingsWith, type Tree } from '../fixtures.ts'

const SECRETS = { signingKeysSecret: 'keys', signingKmsKeys: undefined, clientSecretsSecret: 'clients' }

function configOf(change: Tree = {}, secrets: Parameters<typeof authorizationServerSettings>[1] = SECRETS) {
  return parseAuthorizationServerConfig(
    JSON.stringify(authorizationServerSettings(settingsWith(self(change)), secrets)),
  )
}

const clientsWith = (staticClients: Tree) => configOf({ staticClients }).clients

describe('what the authorization server is told', () => {
  it('is read by it as it is: its own defaults, and where the secrets are', () => {
    expect(configOf()).toEqual({
      ...DEFAULT_LIFETIMES,
      clients: DEFAULT_CLIENTS,
      signingKeysSecret: 'keys',
      clientSecretsSecret: 'clients',
    })
  })

  it('names keys in KMS in the place of the secret', () => {
    const keys = { ...SECRETS, signingKeysSecret: null, signingKmsKeys: ['arn:aws:kms:eu-west-1:1:key/a'] }
    expect(configOf({}, keys)).toMatchObject({
      signingKeysSecret: null,
      signingKmsKeys: ['arn:aws:kms:eu-west-1:1:key/a'],
    })
  })

  it('has lifetimes in seconds, from lengths of time as Flyte writes them', () => {
    const lifetimes = {
      accessTokenLifespan: '1h30m',
      refreshTokenLifespan: '90.5s',
      refreshTokenAbsoluteLifespan: '720h',
      authorizationCodeLifespan: '60s',
    }
    expect(configOf(lifetimes)).toMatchObject({
      accessTokenSeconds: 5_400,
      refreshIdleSeconds: 90,
      refreshAbsoluteSeconds: 2_592_000,
      authorizationCodeSeconds: 60,
    })
  })

  it('never ends a sign-in before a refresh token that waits', () => {
    expect(configOf({ refreshTokenLifespan: '1000h' })).toMatchObject({
      refreshIdleSeconds: 3_600_000,
      refreshAbsoluteSeconds: 3_600_000,
    })
  })
})

describe('the clients', () => {
  it('are Flyte’s, and those that are listed', () => {
    const ids = clientsWith({ ci: {} }).map(({ id }) => id)
    expect(ids).toEqual(['flytectl', 'flyte-cli', 'flytepropeller', 'ci'])
  })

  it('are services where they have a secret and nowhere to send people', () => {
    expect(clientsWith({ ci: {} }).at(-1)).toEqual({
      id: 'ci',
      name: 'ci',
      public: false,
      redirectUris: [],
      grantTypes: ['client_credentials'],
      scopes: ['all', 'offline'],
      firstParty: false,
    })
  })

  it('sign people in where they have somewhere to send them', () => {
    const redirect_uris = ['https://dashboard.example.com/callback']
    expect(clientsWith({ dashboard: { redirect_uris, name: 'The dashboard' } }).at(-1)).toMatchObject({
      name: 'The dashboard',
      redirectUris: redirect_uris,
      grantTypes: ['authorization_code', 'refresh_token'],
      firstParty: false,
    })
  })

  it('are known to devices too where they are public', () => {
    const redirect_uris = ['http://127.0.0.1/callback']
    expect(clientsWith({ other: { public: true, redirect_uris } }).at(-1)?.grantTypes).toEqual([
      'authorization_code',
      'refresh_token',
      'urn:ietf:params:oauth:grant-type:device_code',
    ])
  })

  it('may ask each person only if the operator does not vouch for them', () => {
    const [, , , one, two] = clientsWith({ one: { firstParty: true }, two: {} })
    expect([one?.firstParty, two?.firstParty]).toEqual([true, false])
  })

  it('take the place of a default with the same id, as in settings that are pasted from Flyte 1', () => {
    const clients = clientsWith({
      flytectl: {
        id: 'flytectl',
        public: true,
        redirect_uris: ['http://localhost:53593/callback'],
        grant_types: ['refresh_token', 'authorization_code'],
        response_types: ['code', 'token'],
        scopes: ['all', 'offline', 'access_token'],
      },
    })
    expect(clients.map(({ id }) => id)).toEqual(['flyte-cli', 'flytepropeller', 'flytectl'])
    expect(clients.at(-1)).toMatchObject({
      name: 'flytectl',
      firstParty: true,
      grantTypes: ['refresh_token', 'authorization_code'],
      scopes: ['all', 'offline', 'access_token'],
    })
  })

  it('decide which scopes there are', () => {
    expect(scopesOf(settingsWith(self({ staticClients: { ci: { scopes: ['runs'] } } })))).toEqual([
      'all',
      'offline',
      'runs',
    ])
  })
})
