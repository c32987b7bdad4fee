/** What a browser gets over the wire for the console's first page: the page, and the files that it names. */
import { writeFile } from 'node:fs/promises'
import { createConsoleApp } from '../../functions/console/app.ts'
import { newCall } from '../../functions/shared/call.ts'
import type { HttpRequest, HttpResponse } from '../../functions/shared/http/message.ts'
import type { Access } from '../../functions/shared/routes.ts'
import { ISSUER, LOAD_BALANCER_CLIENT, SUBJECT } from './credentials.ts'
import { benchSettings } from './settings.ts'

const app = createConsoleApp({
  settings: benchSettings(),
  resolveCaller: async () => ({
    caller: {
      kind: 'user',
      issuer: ISSUER,
      subject: SUBJECT,
      clientId: LOAD_BALANCER_CLIENT,
      scopes: [],
      profile: { name: 'Ada Lovelace', email: 'ada@example.com' },
      source: 'alb-claims',
      expiresAtEpochSeconds: undefined,
    },
    bearer: undefined,
  }),
})

async function ask(path: string, access: Access): Promise<HttpResponse> {
  const headers = { host: ['flyte.example.com'], accept: ['text/html'], 'x-forwarded-proto': ['https'] }
  const request: HttpRequest = {
    method: 'GET',
    path,
    query: '',
    headers,
    body: new Uint8Array(),
    access,
    requestId: 'bench',
    requestIdIsCallers: false,
    traceId: undefined,
  }
  const response = await app(request, newCall())
  if (response.status !== 200) throw new Error(`${path} answered ${response.status}`)
  return response
}

/** Of an answer as HTTP/1.1 writes it, which is the longest form of its headers. */
function wireBytes({ headers, body }: HttpResponse): number {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.byteLength(`HTTP/1.1 200 OK\r\n${lines.join('')}\r\n`) + Buffer.byteLength(body)
}

const page = await ask('/v2', 'oidc')
const named = [...page.body.toString().matchAll(/(?:src|href)="(\/v2\/console\.[a-z]+)\?/g)].map(
  ([, path]) => path as string,
)
if (named.length !== 2) throw new Error('the page names other files than it used to')
const files = await Promise.all(named.map((path) => ask(path, path.endsWith('.css') ? 'open' : 'oidc')))
// Neither file asks for another one, so that all of it is one page and one round after it.
const loadsMore = files.some(({ body }) => /@import|\burl\(|\bimport\s*[({"']/.test(body.toString()))
if (loadsMore) throw new Error('a file of the page asks for another one')

const bytes = [page, ...files].reduce((sum, one) => sum + wireBytes(one), 0)
await writeFile(process.argv[2] as string, JSON.stringify({ kb: bytes / 1024 }))
