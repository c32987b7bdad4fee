import { deflateRawSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { parseAuthorizationServerConfig } from '../../../functions/authorization-server/config.ts'
import { DEFAULT_CLIENTS, DEFAULT_LIFETIMES } from '../../../functions/authorization-server/settings.ts'
import { ConfigError } from '../../../functions/shared/config.ts'

const DOCUMENT = {
  ...DEFAULT_LIFETIMES,
  clients: DEFAULT_CLIENTS,
  signingKeysSecret: 'flyte/signing-keys',
  clientSecretsSecret: 'flyte/client-secrets',
}

const packed = (text: string) => deflateRawSync(text).toString('base64url')

const WITH_KMS = {
  ...DOCUMENT,
  signingKeysSecret: null,
  signingKmsKeys: ['arn:aws:kms:eu-west-1:123456789012:key/one'],
}

describe('the configuration of the authorization server', () => {
  it('is taken as the stack wrote it', () => {
    expect(parseAuthorizationServerConfig(JSON.stringify(DOCUMENT))).toEqual(DOCUMENT)
  })

  it('may do without secrets of clients', () => {
    const text = JSON.stringify({ ...DOCUMENT, clientSecretsSecret: null })
    expect(parseAuthorizationServerConfig(text).clientSecretsSecret).toBeNull()
  })

  it('may have its clients packed, because an environment holds little', () => {
    const clients = packed(JSON.stringify(DEFAULT_CLIENTS))
    expect(parseAuthorizationServerConfig(JSON.stringify({ ...DOCUMENT, clients }))).toEqual(DOCUMENT)
  })

  it('may sign with keys in KMS', () => {
    const { signingKmsKeys } = parseAuthorizationServerConfig(JSON.stringify(WITH_KMS))
    expect(signingKmsKeys).toEqual(['arn:aws:kms:eu-west-1:123456789012:key/one'])
  })

  const [cli] = DEFAULT_CLIENTS
  const refused: readonly [string, unknown, string][] = [
    ['has no signing keys', { ...DOCUMENT, signingKeysSecret: undefined }, 'signingKeysSecret'],
    ['has none at all', { ...DOCUMENT, signingKeysSecret: null }, 'signingKmsKeys'],
    ['has them in two places', { ...WITH_KMS, signingKeysSecret: 'flyte/keys' }, 'not both'],
    ['has none of those in KMS', { ...WITH_KMS, signingKmsKeys: [] }, 'signingKmsKeys'],
    ['has no lifetime', { ...DOCUMENT, accessTokenSeconds: 0 }, 'accessTokenSeconds'],
    ['has no clients', { ...DOCUMENT, clients: [] }, 'clients'],
    ['has clients that cannot be unpacked', { ...DOCUMENT, clients: 'S3CRET' }, 'clients'],
    ['has clients that unpack to something else', { ...DOCUMENT, clients: packed('"text"') }, 'clients'],
    ['has clients that unpack to no end', { ...DOCUMENT, clients: packed(' '.repeat(1e6)) }, 'clients'],
    ['has a client twice', { ...DOCUMENT, clients: [cli, cli] }, 'has a client twice'],
    [
      'lets a public client be a service',
      { ...DOCUMENT, clients: [{ ...cli, grantTypes: ['client_credentials'] }] },
      'has a public client with client_credentials',
    ],
    [
      'lets a client be a service that has no secret, and nothing said about its grants',
      { ...DOCUMENT, clients: [{ id: 'robot', public: true }] },
      'has a public client with client_credentials',
    ],
    ['has a key of another kind', { ...DOCUMENT, clientSecret: 'S3CRET' }, 'unknown clientSecret'],
    [
      'serves a grant that is none',
      { ...DOCUMENT, clients: [{ ...cli, grantTypes: ['password'] }] },
      'grantTypes',
    ],
    ['has a scope with a space', { ...DOCUMENT, clients: [{ ...cli, scopes: ['all offline'] }] }, 'scopes'],
    [
      'lets codes live for longer than ten minutes',
      { ...DOCUMENT, authorizationCodeSeconds: 601 },
      'Seconds',
    ],
    ...[
      'http://dashboard.example.com/callback',
      'https://user@dashboard.example.com/callback',
      'https://dashboard.example.com/callback#fragment',
      'javascript:alert(1)',
      'com.example.app:/callback',
      '/callback',
    ].map((uri): [string, unknown, string] => [
      `sends codes to ${uri}`,
      { ...DOCUMENT, clients: [{ ...cli, redirectUris: [uri] }] },
      'redirectUris',
    ]),
    [
      'has a redirect that is no address',
      { ...DOCUMENT, clients: [{ ...cli, redirectUris: ['x'] }] },
      'redirectUris',
    ],
  ]
  for (const [name, document, complaint] of refused) {
    it(`stops the start if it ${name}`, () => {
      const parse = () => parseAuthorizationServerConfig(JSON.stringify(document))
      expect(parse).toThrow(ConfigError)
      expect(parse).toThrow(complaint)
      expect(parse).not.toThrow('S3CRET')
    })
  }

  it('stops the start if it is missing, or no JSON', () => {
    expect(() => parseAuthorizationServerConfig(undefined)).toThrow('AUTHORIZATION_SERVER: missing')
    expect(() => parseAuthorizationServerConfig('S3CRET')).toThrow(ConfigError)
  })
})

describe('the clients that every deployment has', () => {
  it('are Flyte’s, with Flyte’s redirects, and without any secret', () => {
    expect(DEFAULT_CLIENTS.map(({ id }) => id)).toEqual(['flytectl', 'flyte-cli', 'flytepropeller'])
    expect(DEFAULT_CLIENTS[0]?.redirectUris).toEqual([
      'http://localhost:53593/callback',
      'http://localhost:12345/callback',
    ])
    expect(JSON.stringify(DEFAULT_CLIENTS)).not.toContain('secret')
  })
})
