import { execFile } from 'node:child_process'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import { request } from 'node:https'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CertificateAuthority, certificateAuthority } from '../../local/certificates.ts'
import { closeServer, LOOPBACK, listen } from '../../local/listening.ts'
import { type Outbound, startOutbound } from '../../local/outbound.ts'

const run = promisify(execFile)
const NAME = 'public-keys.auth.elb.us-east-1.amazonaws.com'

let directory: string
let authority: CertificateAuthority
let outbound: Outbound

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'outbound-'))
  authority = await certificateAuthority(directory)
  outbound = await startOutbound({
    authority,
    names: new Map([[NAME, (incoming, response) => response.end(`the key at ${incoming.url}`)]]),
  })
})
afterAll(async () => {
  await outbound.close()
  await rm(directory, { recursive: true })
})

/** Runs a script in a fresh Node process that has nothing but what a function gets. */
async function inProcess(script: string): Promise<string> {
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], {
    env: outbound.environment,
  })
  return stdout.trim()
}

describe('a function process', () => {
  it('reaches a local name through node:https', async () => {
    const script = `import { get } from 'node:https'
get('https://${NAME}/some-kid', (response) => response.setEncoding('utf8').on('data', (text) => console.log(text)))`
    expect(await inProcess(script)).toBe('the key at /some-kid')
  })

  it('reaches a local name through fetch', async () => {
    expect(await inProcess(`console.log(await (await fetch('https://${NAME}/kid?x=1')).text())`)).toBe(
      'the key at /kid?x=1',
    )
  })

  it('reaches this machine directly', async () => {
    const server = createServer((_request, response) => response.end('direct'))
    const port = await listen(server, { port: 0 })
    try {
      expect(await inProcess(`console.log(await (await fetch('http://localhost:${port}/')).text())`)).toBe(
        'direct',
      )
    } finally {
      await closeServer(server)
    }
  })

  it('trusts no certificate of the authority without being told to', async () => {
    const { NODE_EXTRA_CA_CERTS: _left, ...untrusting } = outbound.environment
    const script = `console.log(await fetch('https://${NAME}/').catch((error) => error.cause.code))`
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { env: untrusting })
    expect(stdout).toMatch(
      /UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_GET_ISSUER_CERT/,
    )
  })
})

describe('the proxy', () => {
  const exchange = (text: string) =>
    new Promise<string>((resolve, reject) => {
      let answer = ''
      const socket = connect(outbound.port, LOOPBACK, () => socket.write(text))
      socket.on('data', (data) => {
        answer += data
        socket.end()
      })
      socket.on('close', () => resolve(answer)).on('error', reject)
    })

  it('tunnels every other name to where it points', async () => {
    const server = createServer((_request, response) => response.end('elsewhere'))
    const port = await listen(server, { port: 0 })
    try {
      const answer = await new Promise<string>((resolve, reject) => {
        let text = ''
        const socket = connect(outbound.port, LOOPBACK, () =>
          socket.write(`CONNECT ${LOOPBACK}:${port} HTTP/1.1\r\n\r\n`),
        )
        socket.once('data', () => socket.write('GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n'))
        socket.on('data', (data) => {
          text += data
        })
        socket.on('close', () => resolve(text)).on('error', reject)
      })
      expect(answer).toContain('200 Connection Established')
      expect(answer).toContain('elsewhere')
    } finally {
      await closeServer(server)
    }
  })

  it('answers 502 where nobody listens', async () => {
    const server = createServer()
    const port = await listen(server, { port: 0 })
    await closeServer(server)
    expect(await exchange(`CONNECT ${LOOPBACK}:${port} HTTP/1.1\r\n\r\n`)).toMatch(/^HTTP\/1\.1 502 /)
  })

  it('refuses a target that is not a host and a port', async () => {
    expect(await exchange('CONNECT no-port HTTP/1.1\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /)
  })

  it('refuses to pass plain requests on', async () => {
    expect(await exchange('GET http://example.com/ HTTP/1.1\r\nhost: example.com\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 405 /,
    )
  })
})

describe('the certificate authority', () => {
  it('is the same after a restart, and keeps its key to its owner', async () => {
    const again = await certificateAuthority(directory)
    expect(again.certificate).toBe(authority.certificate)
    expect((await stat(join(directory, 'ca-key.json'))).mode & 0o077).toBe(0)
  })

  it('issues a certificate that is good for its names and for no other', async () => {
    const { createServer: createTlsServer } = await import('node:https')
    const server = createTlsServer(await authority.issue(['localhost', LOOPBACK]), (_request, response) =>
      response.end('ok'),
    )
    const port = await listen(server, { port: 0 })
    const status = (servername: string) =>
      new Promise((resolve) => {
        request({ host: LOOPBACK, port, servername, ca: authority.certificate, agent: false }, (response) => {
          response.resume()
          resolve(response.statusCode)
        })
          .on('error', (error: NodeJS.ErrnoException) => resolve(error.code))
          .end()
      })
    try {
      expect(await status('localhost')).toBe(200)
      expect(await status('example.com')).toBe('ERR_TLS_CERT_ALTNAME_INVALID')
    } finally {
      await closeServer(server)
    }
  })
})
