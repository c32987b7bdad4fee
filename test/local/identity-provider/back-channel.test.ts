import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { afterEach, describe, expect, it } from 'vitest'
import { certificateAuthority } from '../../../local/certificates.ts'
import { readBody } from '../../../local/http.ts'
import { localFetch } from '../../../local/identity-provider/back-channel.ts'
import { closeServer, listen } from '../../../local/listening.ts'

let server: Server | undefined
afterEach(async () => {
  if (server !== undefined) await closeServer(server)
  server = undefined
})

/** Answers what it was sent. */
async function echo(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = (await readBody(request)).toString()
  const { method, url, headers } = request
  response.writeHead(201).end(JSON.stringify({ method, url, type: headers['content-type'], body }))
}

describe('a call of the identity provider', () => {
  it('reaches a deployment on the same machine', async () => {
    server = createServer(echo)
    const port = await listen(server, { port: 0 })
    const response = await localFetch()(`http://127.0.0.1:${port}/notice`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ logout_token: 'a b' }),
    })
    expect(response.status).toBe(201)
    expect(await response.json()).toEqual({
      method: 'POST',
      url: '/notice',
      type: 'application/x-www-form-urlencoded',
      body: 'logout_token=a+b',
    })
  })

  it('reaches one on https whose authority it was told, and no other', async () => {
    const [ours, another] = [await certificateAuthority(null), await certificateAuthority(null)]
    server = createHttpsServer(await ours.issue(['127.0.0.1']), echo)
    const url = `https://127.0.0.1:${await listen(server, { port: 0 })}/notice`
    expect((await localFetch(ours.certificate)(url)).status).toBe(201)
    await expect(localFetch(another.certificate)(url)).rejects.toThrow()
    await expect(localFetch()(url)).rejects.toThrow()
  })

  it('fails where nobody listens', async () => {
    server = createServer(echo)
    const url = `http://127.0.0.1:${await listen(server, { port: 0 })}/`
    await closeServer(server)
    await expect(localFetch()(url)).rejects.toThrow()
  })
})
