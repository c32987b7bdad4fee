/** Writes the events of the cold start benchmark, and the documents they are verified with, as JSON. */
import { writeFileSync } from 'node:fs'
import { hashSync } from 'bcryptjs'
import { DEFAULT_CLIENTS, DEFAULT_LIFETIMES } from '../../functions/authorization-server/settings.ts'
import { CURRENT_KEY } from '../../functions/shared/tokens/key-document.ts'
import {
  bearerTokenOf,
  cookieKeys,
  issuerDocumentOf,
  jwks,
  openIdDocumentOf,
  rsaPrivateKeyPem,
  userinfo,
} from './credentials.ts'
import { browserEvent, CREATE_RUN_PATH, createRunBytes, formEvent, rpcEvent } from './requests.ts'
import { benchSettings, selfSettings, signInSettings } from './settings.ts'

const [outfile = '', providerUrl = '', rounds = ''] = process.argv.slice(2)

const metadataEvent = () =>
  rpcEvent({
    path: '/flyteidl2.auth.AuthMetadataService/GetPublicClientConfig',
    body: new Uint8Array(),
    credential: 'none',
    requestId: 'cold-metadata',
  })

/** Each round is a request of its own with a token of its own: nothing was asked or written before it. */
const runsEvent = (round: number) =>
  rpcEvent({
    path: CREATE_RUN_PATH,
    body: createRunBytes,
    credential: 'bearer',
    requestId: `cold-runs-${round}`,
    token: bearerTokenOf(providerUrl, `cold-runs-${round}`),
  })

const loginEvent = (round: number) => browserEvent('/login', `cold-login-${round}`)

/** A service's token: its secret compared, a token signed, and both requests counted. */
const CLIENT_SECRET = 'the secret of flytepropeller'
const authorization = `Basic ${Buffer.from(`flytepropeller:${encodeURIComponent(CLIENT_SECRET)}`).toString('base64')}`
const tokenEvent = () => formEvent('/oauth2/token', { grant_type: 'client_credentials' }, { authorization })

const numbers = Array.from({ length: Number(rounds) }, (_, round) => round)
writeFileSync(
  outfile,
  JSON.stringify({
    settings: {
      metadata: benchSettings(providerUrl),
      runs: benchSettings(providerUrl),
      login: signInSettings(providerUrl),
      'authorization-server': selfSettings(providerUrl),
    },
    authorizationServer: {
      ...DEFAULT_LIFETIMES,
      clients: DEFAULT_CLIENTS,
      signingKeysSecret: 'signing-keys',
      clientSecretsSecret: 'client-secrets',
    },
    secrets: {
      'cookie-keys': cookieKeys,
      'signing-keys': { [CURRENT_KEY]: rsaPrivateKeyPem },
      // The least that bcrypt takes: how many rounds a first call costs is for whoever makes the hash to say.
      'client-secrets': { flytepropeller: hashSync(CLIENT_SECRET, 4) },
    },
    documents: {
      '/jwks': jwks,
      '/userinfo': userinfo,
      '/.well-known/openid-configuration': openIdDocumentOf(providerUrl),
      '/.well-known/oauth-authorization-server': issuerDocumentOf(providerUrl),
    },
    events: {
      metadata: numbers.map(metadataEvent),
      runs: numbers.map(runsEvent),
      login: numbers.map(loginEvent),
      'authorization-server': numbers.map(tokenEvent),
    },
  }),
)
