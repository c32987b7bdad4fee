/** Writes the events of the cold start benchmark, and the documents they are verified with, as JSON. */
import { writeFileSync } from 'node:fs'
import { bearerTokenOf, issuerDocumentOf, jwks, userinfo } from './credentials.ts'
import { CREATE_RUN_PATH, createRunBytes, rpcEvent } from './requests.ts'
import { benchSettings } from './settings.ts'

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

const numbers = Array.from({ length: Number(rounds) }, (_, round) => round)
writeFileSync(
  outfile,
  JSON.stringify({
    settings: benchSettings(providerUrl),
    documents: {
      '/jwks': jwks,
      '/userinfo': userinfo,
      '/.well-known/openid-configuration': issuerDocumentOf(providerUrl),
      '/.well-known/oauth-authorization-server': issuerDocumentOf(providerUrl),
    },
    events: { metadata: numbers.map(metadataEvent), runs: numbers.map(runsEvent) },
  }),
)
