/** The listener that the browser brings the answer to, and everything else that may knock there. */
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { CLIENT_ID, startOpenIdProvider, type TestOpenIdProvider } from '../../support/openid-provider.ts'
import { createLaptop, type Laptop, type RunOptions, sentenceOf } from './support/laptop.ts'

let provider: TestOpenIdProvider
let laptop: Laptop

beforeAll(async () => {
  provider = await startOpenIdProvider(Date.now)
})
afterAll(() => provider?.close())
beforeEach(async () => {
  provider.reset()
  provider.idTokenSeconds = 3600
  laptop = await createLaptop()
})
afterEach(() => laptop.dispose())

function token(args: readonly string[], options: RunOptions = {}) {
  const client = ['--issuer', provider.issuer, '--client-id', CLIENT_ID, '--no-browser']
  return laptop.run(['user-id-token', ...client, ...args], options)
}

/** The answer of the provider, with other parameters than it gave. */
function answerWith(address: string, changes: Record<string, string | undefined>): URL {
  const answer = provider.signIn(address)
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) answer.searchParams.delete(name)
    else answer.searchParams.set(name, value)
  }
  return answer
}

const bring = (url: URL, init: RequestInit = {}) => fetch(url, { redirect: 'manual', ...init })

describe('the address that a person is sent to', () => {
  it('asks for a code with PKCE, a state, a nonce, and a port of 127.0.0.1 that was free', async () => {
    let asked = new URLSearchParams()
    await token(['--audience', 'the-proxy', '--account', 'ada@example.com', '--scopes', 'openid,groups'], {
      onAddress: (address) => {
        asked = new URL(address).searchParams
        return bring(answerWith(address, {}))
      },
    })
    expect(Object.fromEntries(asked)).toMatchObject({
      response_type: 'code',
      client_id: CLIENT_ID,
      scope: 'openid groups',
      audience: 'the-proxy',
      login_hint: 'ada@example.com',
      code_challenge_method: 'S256',
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      redirect_uri: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/callback$/),
    })
    expect(asked.has('client_secret')).toBe(false)
  })

  it('may have the port and the whole callback that the provider knows', async () => {
    const port = await freePort()
    const seen: string[] = []
    const onAddress = (address: string) => {
      seen.push(new URL(address).searchParams.get('redirect_uri') ?? '')
      return bring(answerWith(address, {}))
    }
    const first = await token(['--port', String(port)], { onAddress })
    const uri = `http://localhost:${port}/some/where`
    const second = await token(['--redirect-uri', uri, '--force'], { onAddress })
    expect([first.status, second.status]).toEqual([0, 0])
    expect(seen).toEqual([`http://127.0.0.1:${port}/callback`, uri])
  })
})

describe('what is no answer', () => {
  const strays: [name: string, knock: (address: URL) => Promise<unknown>, status: number][] = [
    ['the icon that browsers ask for', (url) => fetch(new URL('/favicon.ico', url)), 404],
    ['another path', (url) => fetch(new URL('/callback/more?code=x&state=y', url)), 404],
    ['the path alone', (url) => fetch(new URL('/callback', url)), 400],
    ['a form', (url) => fetch(url, { method: 'POST', body: 'code=x' }), 405],
    ['another name for this machine', (url) => askAs('evil.example.com', url), 404],
    ['a target that is no address', (url) => ask('//', url.host, url), 404],
    ['half an address', (url) => ask('http://[', url.host, url), 404],
  ]
  for (const [name, knock, status] of strays) {
    it(`is answered ${status} for ${name}, and the sign-in goes on`, async () => {
      let answered: unknown
      const outcome = await token([], {
        onAddress: async (address) => {
          const answer = answerWith(address, {})
          answered = await knock(answer)
          await bring(answer)
        },
      })
      expect((answered as { status: number }).status).toBe(status)
      expect(outcome.status).toBe(0)
    })
  }

  it('is a connection on which nothing is said: the sign-in goes on, and the command ends', async () => {
    const outcome = await token([], {
      onAddress: async (address) => {
        const answer = answerWith(address, {})
        const silent = connect(Number(answer.port), answer.hostname)
        silent.on('error', () => undefined)
        await new Promise((resolve) => silent.once('connect', resolve))
        await bring(answer)
      },
    })
    expect(outcome.status).toBe(0)
  })
})

describe('a sign-in that does not end well', () => {
  const answers: [name: string, changes: Record<string, string | undefined>, sentence: RegExp][] = [
    ['another state', { state: 'somebody-elses' }, /belongs to another sign-in/],
    ['no state', { state: undefined }, /belongs to another sign-in/],
    ['a denial', { code: undefined, error: 'access_denied' }, /^The sign-in was denied at the provider\.$/],
    [
      'an error of the provider',
      { code: undefined, error: 'invalid_scope', error_description: 'a <script> of the provider' },
      /^The provider refused the request \(invalid_scope\)\.$/,
    ],
    [
      'a denial with another state',
      { code: undefined, error: 'access_denied', state: 'x' },
      /another sign-in/,
    ],
    [
      'a code that nobody gave',
      { code: 'made-up' },
      /^The provider refused the request \(invalid_grant\)\.$/,
    ],
    [
      'an answer of another issuer',
      { iss: 'https://evil.example.com' },
      /^The answer of the provider cannot/,
    ],
    [
      'no issuer, though the provider always names it',
      { iss: undefined },
      /^The answer of the provider cannot/,
    ],
  ]
  for (const [name, changes, sentence] of answers) {
    it(`is told in a sentence, and in the browser, for ${name}`, async () => {
      let page = ''
      const outcome = await token([], {
        onAddress: async (address) => {
          page = await (await bring(answerWith(address, changes))).text()
        },
      })
      expect(sentenceOf(outcome)).toEqual({ status: 1, sentence: expect.stringMatching(sentence) })
      expect(page).toContain('That did not work')
      expect(page + outcome.stderr).not.toContain('script')
    })
  }

  it('is told when the browser was closed', async () => {
    const { status, sentence } = sentenceOf(await token(['--timeout', '1']))
    expect(status).toBe(1)
    expect(sentence).toContain('within 1 seconds')
  })

  it('is told when only strays came', async () => {
    const outcome = await token(['--timeout', '2'], {
      onAddress: (address) => fetch(new URL('/favicon.ico', answerWith(address, {}))),
    })
    expect(sentenceOf(outcome)).toMatchObject({ status: 1, sentence: expect.stringContaining('within 2') })
  })

  it('is told when somebody interrupts it, and the next command does not wait for it', async () => {
    let interrupt = () => {}
    const outcome = await token([], {
      onStart: (child) => {
        interrupt = () => child.kill('SIGINT')
      },
      onAddress: () => interrupt(),
    })
    expect(sentenceOf(outcome)).toEqual({ status: 1, sentence: 'Interrupted.' })
    expect((await token([], { onAddress: (address) => bring(answerWith(address, {})) })).status).toBe(0)
  })

  it('is told when the port is taken', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const outcome = await token(['--port', String(port)])
    server.close()
    expect(sentenceOf(outcome)).toMatchObject({ status: 1, sentence: expect.stringContaining('EADDRINUSE') })
  })

  it('does not stand in the way of the next one', async () => {
    await token([], { onAddress: (address) => bring(answerWith(address, { state: 'x' })) })
    const outcome = await token([], { onAddress: (address) => bring(answerWith(address, {})) })
    expect(outcome.status).toBe(0)
  })
})

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** A request as a page sends it whose name was made to lead to this machine. */
function askAs(host: string, url: URL): Promise<{ status: number }> {
  return ask(`${url.pathname}${url.search}`, host, url)
}

/** A request as only a socket can send it. */
function ask(target: string, host: string, { port, hostname }: URL): Promise<{ status: number }> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () =>
      socket.write(`GET ${target} HTTP/1.1\r\nhost: ${host}\r\n\r\n`),
    )
    socket.once('error', reject)
    socket.once('end', () => reject(new Error('there was no answer')))
    socket.once('data', (data) => {
      socket.destroy()
      resolve({ status: Number(data.toString().split(' ')[1]) })
    })
  })
}
