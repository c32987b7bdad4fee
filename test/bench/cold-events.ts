/** Writes the events of the cold start benchmark, and the documents they are verified with, as JSON. */
import { writeFileSync } from 'node:fs'
import {
  bearerTokenOf,
  cookieKeys,
  issuerDocumentOf,
  jwks,
  openIdDocumentOf,
  userinfo,
} from './credentials.ts'
import { browserEvent, CREATE_RUN_PATH, createRunBytes, rpcEvent } from './requests.ts'
import { benchSettings, signInSettings } from './settings.ts'

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

const numbers = Array.from({ length: Number(rounds) }, (_, round) => round)
writeFileSync(
  outfile,
  JSON.stringify({
    settings: benchSettings(providerUrl),
    signInSettings: signInSettings(providerUrl),
    documents: {
      '/jwks': jwks,
      // Secrets Manager, whose every operation is a POST to its root.
      '/': { SecretString: JSON.stringify(cookieKeys) },
      '/userinfo': userinfo,
      '/.well-known/openid-configuration': openIdDocumentOf(providerUrl),
      '/.well-known/oauth-authorization-server': issuerDocumentOf(providerUrl),
    },
    events: {
      metadata: numbers.map(metadataEvent),
      runs: numbers.map(runsEvent),
      login: numbers.map(loginEvent),
    },
  }),
)
