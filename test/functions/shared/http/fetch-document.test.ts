import { createServer, type RequestListener, type Server } from 'node:http'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ServiceError } from '../../../../functions/shared/errors.ts'
import { type FetchOptions, fetchDocument } from '../../../../functions/shared/http/fetch-document.ts'
import { isSecureUrl } from '../../../../functions/shared/http/secure-url.ts'
import { certificateAuthority } from '../../../../local/certificates.ts'
import { closeServer, listen } from '../../../../local/listening.ts'
import { type Outbound, startOutbound } from '../../../../local/outbound.ts'

const open: Server[] = []

afterEach(async () => {
  await Promise.all(open.splice(0).map(closeServer))
})

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  open.push(server)
  return `http://127.0.0.1:${await listen(server, { port: 0 })}`
}

async function failure(url: string, options?: FetchOptions): Promise<string> {
  return fetchDocument(url, options).then(
    (answer) => `answered ${answer.status}`,
    (error: ServiceError) => error.reason,
  )
}

const text = (body: Uint8Array) => Buffer.from(body).toString()

describe('fetching a document', () => {
  it('gives the status, the headers and the bytes', async () => {
    const url = await serve((_request, response) =>
      response.writeHead(418, { 'X-Kind': 'pot', 'x-many': ['a', 'b'] }).end(Buffer.from([0xff, 0x00])),
    )
    const answer = await fetchDocument(`${url}/kettle?x=1`)
    expect(answer.status).toBe(418)
    expect(answer.headers).toMatchObject({ 'x-kind': 'pot', 'x-many': 'a, b' })
    expect([...answer.body]).toEqual([0xff, 0x00])
  })

  it('sends a form with its length, its headers and nothing of compression', async () => {
    const seen: unknown[] = []
    const url = await serve(async (request, response) => {
      const { method, headers } = request
      let body = ''
      for await (const chunk of request) body += chunk
      const { authorization, 'content-length': length, 'accept-encoding': encoding } = headers
      seen.push({ method, body, authorization, length, encoding })
      response.end()
    })
    await fetchDocument(url, { method: 'POST', body: 'a=é', headers: { authorization: 'Basic abc' } })
    expect(seen).toEqual([
      { method: 'POST', body: 'a=é', authorization: 'Basic abc', length: '4', encoding: 'identity' },
    ])
  })

  it('follows no redirect', async () => {
    const asked: (string | undefined)[] = []
    const url = await serve((request, response) => {
      asked.push(request.url)
      response.writeHead(302, { location: '/elsewhere' }).end()
    })
    expect((await fetchDocument(`${url}/here`)).status).toBe(302)
    expect(asked).toEqual(['/here'])
  })

  it('asks once more when a kept connection turns out to be closed', async () => {
    let connections = 0
    const url = await serve((request, response) => {
      const { socket } = request as { socket: typeof request.socket & { served?: boolean } }
      if (socket.served) return void socket.destroy()
      socket.served = true
      connections += 1
      response.end('ok')
    })
    await fetchDocument(url)
    expect(text((await fetchDocument(url)).body)).toBe('ok')
    expect(connections).toBe(2)
  })

  it('sends a POST on a connection of its own, and never a second time', async () => {
    let posts = 0
    const sockets = new Set<unknown>()
    const url = await serve((request, response) => {
      sockets.add(request.socket)
      if (request.method === 'GET') return void response.end('ok')
      posts += 1
      request.socket.destroy()
    })
    await fetchDocument(url)
    expect(await failure(url, { method: 'POST', body: 'code=1' })).toBe('provider_unavailable')
    expect(posts).toBe(1)
    expect(sockets.size).toBe(2)
  })

  const refusals: readonly (readonly [name: string, listener: RequestListener, reason: string])[] = [
    ['that never answers', () => undefined, 'provider_unavailable'],
    [
      'that stops in the middle',
      (_request, response) => void response.writeHead(200, { 'content-length': '10' }).write('half'),
      'provider_unavailable',
    ],
    [
      'that hangs up in the middle',
      (request, response) => {
        response.writeHead(200, { 'content-length': '10' }).write('half', () => request.socket.destroy())
      },
      'provider_unavailable',
    ],
    ['that hangs up at once', (request) => void request.socket.destroy(), 'provider_unavailable'],
    [
      'that is not HTTP',
      (request) => void request.socket.end('SSH-2.0-OpenSSH_9.6\r\n'),
      'provider_unavailable',
    ],
    [
      'that says it is too large',
      (_request, response) => void response.writeHead(200, { 'content-length': '101' }).end('x'.repeat(101)),
      'provider_answer_invalid',
    ],
    [
      'that turns out too large',
      (_request, response) => {
        response.write('x'.repeat(60))
        response.end('x'.repeat(60))
      },
      'provider_answer_invalid',
    ],
    [
      'that is compressed unasked',
      (_request, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end('zip'),
      'provider_answer_invalid',
    ],
  ]
  for (const [name, listener, reason] of refusals) {
    it(`refuses an answer ${name}`, async () => {
      const url = await serve(listener)
      expect(await failure(url, { timeoutMs: 150, maxBytes: 100 })).toBe(reason)
    })
  }

  it('accepts an answer that is exactly as large as allowed', async () => {
    const url = await serve((_request, response) => void response.end('x'.repeat(100)))
    expect((await fetchDocument(url, { maxBytes: 100 })).body.length).toBe(100)
  })

  it('has no answer from a port that nobody listens on', async () => {
    const url = await serve(() => undefined)
    await closeServer(open.pop() as Server)
    expect(await failure(url)).toBe('provider_unavailable')
  })

  it('stops when it is told to, before it began and while it waits', async () => {
    const url = await serve(() => undefined)
    expect(await failure(url, { signal: AbortSignal.abort() })).toBe('provider_unavailable')
    expect(await failure(url, { signal: AbortSignal.timeout(50) })).toBe('provider_unavailable')
  })

  it('says nothing of what it received in its error', async () => {
    const url = await serve((_request, response) => void response.end('top secret'.repeat(20)))
    const error = await fetchDocument(url, { maxBytes: 10 }).catch((thrown: unknown) => thrown)
    expect(JSON.stringify([String(error), String((error as Error).cause)])).not.toContain('secret')
  })
})

describe('an address that may be asked', () => {
  for (const url of [
    'https://id.example.com/x',
    'http://localhost:1/x',
    'http://127.0.0.1/x',
    'http://[::1]:8/',
  ]) {
    it(`may be ${url}`, () => expect(isSecureUrl(url)).toBe(true))
  }
  const refused = [
    'http://id.example.com/x',
    'http://localhost.example.com/',
    'http://127.0.0.1.example.com/',
    'https://user@id.example.com/',
    'https://:secret@id.example.com/',
    'ftp://localhost/',
    'file:///etc/passwd',
    '/relative',
    '',
  ]
  for (const url of refused) {
    it(`may not be ${url || 'empty'}`, async () => {
      expect(isSecureUrl(url)).toBe(false)
      expect(await failure(url)).toBe('provider_answer_invalid')
    })
  }
})

describe('going out through a proxy', () => {
  let outbound: Outbound
  let proxyUrl: string
  const trusted = getCACertificates('default')

  beforeAll(async () => {
    const authority = await certificateAuthority(null)
    setDefaultCACertificates([...trusted, authority.certificate])
    const names = new Map<string, RequestListener>([
      [
        'id.example.test',
        (request, response) => void response.end(`${request.method} ${request.headers.host}`),
      ],
    ])
    outbound = await startOutbound({ authority, names })
    proxyUrl = `http://127.0.0.1:${outbound.port}`
  })

  afterAll(async () => {
    setDefaultCACertificates(trusted)
    await outbound.close()
  })

  it('reaches an https name that only the proxy knows, by GET and by POST', async () => {
    const url = 'https://id.example.test/keys'
    expect(text((await fetchDocument(url, { proxyUrl })).body)).toBe('GET id.example.test')
    expect(text((await fetchDocument(url, { proxyUrl })).body)).toBe('GET id.example.test')
    const posted = await fetchDocument(url, { proxyUrl, method: 'POST', body: 'x' })
    expect(text(posted.body)).toBe('POST id.example.test')
  })

  it('passes an http address of this machine through it as well', async () => {
    const asked: (string | undefined)[] = []
    const proxy = await serve((request, response) => {
      asked.push(request.url)
      response.end('by proxy')
    })
    const answer = await fetchDocument('http://localhost:9/document', { proxyUrl: proxy })
    expect(text(answer.body)).toBe('by proxy')
    expect(asked).toEqual(['http://localhost:9/document'])
  })

  it('has no answer for a name that the proxy cannot reach, or without the proxy', async () => {
    expect(await failure('https://other.example.test/', { proxyUrl, timeoutMs: 3_000 })).toBe(
      'provider_unavailable',
    )
    expect(await failure('https://id.example.test/', { proxyUrl: 'http://127.0.0.1:9' })).toBe(
      'provider_unavailable',
    )
  })
})
