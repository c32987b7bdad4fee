/** Writes the events of the cold start benchmark, and the documents they are verified with, as JSON. */
import { writeFileSync } from 'node:fs'
import { issuerDocument, jwks, userinfo } from './credentials.ts'
import { CREATE_RUN_PATH, createRunBytes, rpcEvent } from './requests.ts'
import { benchSettings } from './settings.ts'

const [outfile = '', providerUrl = ''] = process.argv.slice(2)
writeFileSync(
  outfile,
  JSON.stringify({
    settings: benchSettings(providerUrl),
    documents: {
      '/jwks': jwks,
      '/userinfo': userinfo,
      '/.well-known/oauth-authorization-server': issuerDocument,
    },
    events: {
      metadata: rpcEvent({
        path: '/flyteidl2.auth.AuthMetadataService/GetPublicClientConfig',
        body: new Uint8Array(),
        credential: 'none',
        requestId: 'cold-metadata',
      }),
      runs: rpcEvent({
        path: CREATE_RUN_PATH,
        body: createRunBytes,
        credential: 'bearer',
        requestId: 'cold-runs',
      }),
    },
  }),
)
