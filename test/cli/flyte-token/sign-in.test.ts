/** Somebody gets a token at a provider that is not ours (oidc-provider), with the command as it is typed. */
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { COMMAND_LINE_CLIENT_ID } from '../../../local/identity-provider/clients.ts'
import { type IdentityProvider, startIdentityProvider } from '../../../local/identity-provider/index.ts'
import { createBrowser } from '../../support/web-browser.ts'
import { createLaptop, type Laptop, type RunOptions, sentenceOf } from './support/laptop.ts'

const PUBLIC_URL = 'https://flyte.example.com'
const BROWSER_PROGRAM = join(import.meta.dirname, 'support', 'browser.ts')

let provider: IdentityProvider
let laptop: Laptop

beforeAll(async () => {
  provider = await startIdentityProvider({
    port: 0,
    publicUrl: PUBLIC_URL,
    webClient: { clientId: 'balancer', clientSecret: 'secret', redirectUris: [`${PUBLIC_URL}/cb`] },
    keysFile: null,
  })
})
afterAll(() => provider?.close())
beforeEach(async () => {
  laptop = await createLaptop()
})
afterEach(() => laptop.dispose())

const as = (person: string): RunOptions => ({ onAddress: (address) => visit(address, { person }) })

async function visit(address: string, form: Record<string, string>): Promise<string> {
  const browser = createBrowser()
  const question = await browser.open(address)
  // A hint that the provider knows signs in by itself; then this is the last page already.
  if (question.url.hostname === '127.0.0.1') return question.text
  return (await browser.open(question.url.href, new URLSearchParams(form))).text
}

function token(args: readonly string[] = [], options: RunOptions = {}) {
  const client = ['--issuer', provider.issuer, '--client-id', COMMAND_LINE_CLIENT_ID]
  return laptop.run(['user-id-token', ...client, ...args], options)
}

async function claimsOf(jwt: string, audience: string) {
  const keys = createRemoteJWKSet(new URL(`${provider.issuer}/jwks`))
  return (await jwtVerify(jwt, keys, { issuer: provider.issuer, audience })).payload
}

async function storedTexts(): Promise<string[]> {
  const folder = join(laptop.home, '.flyte', 'flyte-token')
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json'))
  return Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))
}

describe('a person', () => {
  it('gets an ID token, alone on standard output, and not again by signing in', async () => {
    const first = await token(['--no-browser'], as('ada'))
    expect(first.stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/)
    expect(first.status).toBe(0)
    expect(await claimsOf(first.stdout.trim(), COMMAND_LINE_CLIENT_ID)).toMatchObject({ sub: 'ada' })
    expect(await token()).toEqual({ status: 0, stdout: first.stdout, stderr: '' })
  })

  it('reads in the browser that it worked, and nothing of the token', async () => {
    let page = ''
    const outcome = await token(['--no-browser'], {
      onAddress: async (address) => {
        page = await visit(address, { person: 'ada' })
      },
    })
    expect(outcome.status).toBe(0)
    expect(page).toContain('You are signed in')
  })

  it('gets an access token for the deployment from the same sign-in', async () => {
    await token(['--no-browser'], as('ada'))
    const { status, stdout, stderr } = await token(['--access-token'])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(await claimsOf(stdout.trim(), PUBLIC_URL)).toMatchObject({
      sub: 'ada',
      client_id: COMMAND_LINE_CLIENT_ID,
    })
  })

  it('is signed in with the browser that BROWSER names', async () => {
    const record = join(laptop.home, 'opened')
    const env = { BROWSER: `${process.execPath} ${BROWSER_PROGRAM} grace ${record} %s` }
    const { stdout } = await token([], { env })
    expect(await claimsOf(stdout.trim(), COMMAND_LINE_CLIENT_ID)).toMatchObject({ sub: 'grace' })
  })

  it('is asked once, however many commands need the token', async () => {
    const record = join(laptop.home, 'opened')
    const env = { BROWSER: `${process.execPath} ${BROWSER_PROGRAM} ada ${record} %s` }
    const outcomes = await Promise.all(Array.from({ length: 5 }, () => token([], { env })))
    expect(outcomes.map(({ status }) => status)).toEqual([0, 0, 0, 0, 0])
    expect(new Set(outcomes.map(({ stdout }) => stdout)).size).toBe(1)
    expect(await readFile(record, 'utf8')).toBe('opened\n')
  })

  it('may be several, each with tokens of their own', async () => {
    const of = (account: string) => token(['--no-browser', '--account', account], as(account))
    const [ada, grace] = [await of('ada'), await of('grace')]
    expect(await claimsOf(grace.stdout.trim(), COMMAND_LINE_CLIENT_ID)).toMatchObject({ sub: 'grace' })
    expect((await token(['--account', 'ada'])).stdout).toBe(ada.stdout)
  })

  it('is asked again with --force', async () => {
    const first = await token(['--no-browser'], as('ada'))
    const second = await token(['--no-browser', '--force'], as('grace'))
    expect(second.stdout).not.toBe(first.stdout)
    expect((await token()).stdout).toBe(second.stdout)
  })

  it('sees when it ends with --json, and what it says with --decode', async () => {
    const plain = await token(['--no-browser'], as('ada'))
    expect(JSON.parse((await token(['--json'])).stdout)).toEqual({
      token: plain.stdout.trim(),
      expires_at: expect.stringMatching(/^20.*Z$/),
      subject: 'ada',
      from: 'cache',
    })
    const decoded = (await token(['--decode'])).stdout
    expect(JSON.parse(decoded)).toMatchObject({ header: { alg: 'RS256' }, claims: { sub: 'ada' } })
    expect(decoded).not.toContain(plain.stdout.trim().split('.')[2])
  })
})

describe('what is kept', () => {
  it('is in files that only their owner can read, where there is no keyring', async () => {
    await token(['--no-browser'], as('ada'))
    const folder = join(laptop.home, '.flyte', 'flyte-token')
    expect((await stat(folder)).mode & 0o777).toBe(0o700)
    for (const name of await readdir(folder))
      expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600)
  })

  it('is in no folder that others can write to, and such a folder stays as it is', async () => {
    const folder = join(laptop.home, 'everybodys')
    await mkdir(folder)
    await chmod(folder, 0o1777)
    const planted = `${'0'.repeat(40)}.json`
    await writeFile(join(folder, planted), '{}')
    const env = { FLYTE_TOKEN_DIR: folder }
    for (const run of [token(['--no-browser'], { ...as('ada'), env }), laptop.run(['list'], { env })]) {
      const { status, sentence } = sentenceOf(await run)
      expect(status).toBe(1)
      expect(sentence).toMatch(/^Others can write to the folder for tokens/)
    }
    expect((await stat(folder)).mode & 0o7777).toBe(0o1777)
    expect(await readdir(folder)).toEqual([planted])
  })

  it('is none of it where a file was changed, and is replaced by the next sign-in', async () => {
    await token(['--no-browser'], as('ada'))
    const folder = join(laptop.home, '.flyte', 'flyte-token')
    const [name = ''] = await readdir(folder)
    for (const text of ['', '{', 'null', '{"version":1,"place":"file","facts":null}']) {
      await writeFile(join(folder, name), text)
      expect(await laptop.run(['list'])).toEqual({ status: 0, stdout: '', stderr: 'Nothing is kept.\n' })
      expect((await token(['--no-browser'], as('ada'))).status).toBe(0)
    }
  })

  it('is listed even where a token says that it ends on no date', async () => {
    await token(['--no-browser'], as('ada'))
    const folder = join(laptop.home, '.flyte', 'flyte-token')
    const [name = ''] = await readdir(folder)
    const file = JSON.parse(await readFile(join(folder, name), 'utf8'))
    file.facts.idTokenExpiresAt = 1e20
    await writeFile(join(folder, name), JSON.stringify(file))
    expect((await laptop.run(['list'])).stdout).toContain('client flytectl, of ada, renewed')
    expect(JSON.parse((await token(['--json'])).stdout)).toMatchObject({ expires_at: null })
  })

  it('is listed without anything secret', async () => {
    const { stdout: jwt } = await token(['--no-browser'], as('ada'))
    const { stdout } = await laptop.run(['list', '--json'])
    expect(JSON.parse(stdout)).toEqual([
      {
        kind: 'user',
        issuer: provider.issuer,
        client_id: COMMAND_LINE_CLIENT_ID,
        audience: '',
        account: '',
        scopes: [],
        subject: 'ada',
        expires_at: expect.any(String),
        expired: false,
        renewable: true,
        kept_in: 'file',
      },
    ])
    const table = (await laptop.run(['list'])).stdout
    expect(table).toContain(provider.issuer)
    for (const secret of secretsIn(await storedTexts())) expect(stdout + table).not.toContain(secret)
    expect(stdout + table).not.toContain(jwt.trim())
  })

  it('is gone after logout, and its refresh token is of no use to anybody', async () => {
    await token(['--no-browser'], as('ada'))
    const [, , refreshToken = ''] = secretsIn(await storedTexts())
    const outcome = await laptop.run(['logout'])
    expect(outcome).toEqual({ status: 0, stdout: '', stderr: 'Removed: 1.\n' })
    expect(await storedTexts()).toEqual([])
    const answer = await fetch(`${provider.issuer}/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'refresh_token',
        refresh_token: refreshToken,
        client_id: COMMAND_LINE_CLIENT_ID,
      }),
    })
    expect(await answer.json()).toMatchObject({ error: 'invalid_grant' })
  })

  it('stays after a logout of something else', async () => {
    await token(['--no-browser'], as('ada'))
    await laptop.run(['logout', '--client-id', 'another'])
    expect((await token()).status).toBe(0)
  })

  it('is nothing at first', async () => {
    expect(await laptop.run(['list'])).toEqual({ status: 0, stdout: '', stderr: 'Nothing is kept.\n' })
    expect(await laptop.run(['logout'])).toEqual({ status: 0, stdout: '', stderr: 'Nothing was kept.\n' })
  })
})

function secretsIn(texts: readonly string[]): string[] {
  return texts.flatMap((text) => {
    const { idToken, accessToken, refreshToken } = JSON.parse(text).tokens
    return [idToken, accessToken, refreshToken]
  })
}

describe('a machine without a browser', () => {
  it('shows a code, and waits until it is confirmed elsewhere', async () => {
    const outcome = await deviceToken('confirm')
    expect(outcome.status).toBe(0)
    expect(await claimsOf(outcome.stdout.trim(), COMMAND_LINE_CLIENT_ID)).toMatchObject({ sub: 'ada' })
    expect(outcome.stdout.split('\n')).toHaveLength(2)
    expect(outcome.stderr).toMatch(/enter the code \S+/)
  })

  it('ends when the code is refused elsewhere', async () => {
    expect(sentenceOf(await deviceToken('refuse'))).toEqual({
      status: 1,
      sentence: 'The sign-in was denied at the provider.',
    })
  })

  it('ends when nobody confirms the code', async () => {
    const { status, sentence } = sentenceOf(await token(['--device', '--timeout', '2']))
    expect(status).toBe(1)
    expect(sentence).toContain('within 2 seconds')
  })
})

async function deviceToken(answer: 'confirm' | 'refuse') {
  let seen = ''
  const outcome = token(['--device'], {
    onStart: (child) => {
      child.stderr?.on('data', (chunk: string) => {
        seen += chunk
        const address = /or open (\S+)\n/.exec(seen)?.[1]
        if (address === undefined) return
        seen = ''
        void answerDevice(address, answer)
      })
    },
  })
  return outcome
}

async function answerDevice(address: string, answer: 'confirm' | 'refuse'): Promise<void> {
  const browser = createBrowser()
  let page = await browser.open(address)
  for (let step = 0; step < 6 && page.text.includes('<form'); step += 1) {
    const hidden = page.text.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)"/g)
    const form = new URLSearchParams(
      [...hidden].map(([, name = '', value = '']): [string, string] => [name, value]),
    )
    if (page.url.pathname.startsWith('/interaction/')) form.set('person', 'ada')
    if (answer === 'refuse' && page.text.includes('name="abort"')) form.set('abort', 'yes')
    page = await browser.open(page.url.href, form)
  }
}

describe('a person who does not sign in', () => {
  it('reads that the sign-in was denied, after cancelling it at the provider', async () => {
    const outcome = await token(['--no-browser'], {
      onAddress: (address) => visit(address, { cancel: 'yes' }),
    })
    expect(sentenceOf(outcome)).toEqual({ status: 1, sentence: 'The sign-in was denied at the provider.' })
  })

  it('has every command that waited end with it', async () => {
    let asked = 0
    const outcomes = await Promise.all(
      Array.from({ length: 3 }, () =>
        token(['--no-browser'], {
          onAddress: async (address) => {
            asked += 1
            await new Promise((resolve) => setTimeout(resolve, 2_000))
            await visit(address, { cancel: 'yes' })
          },
        }),
      ),
    )
    expect(outcomes.map(({ status }) => status)).toEqual([1, 1, 1])
    expect(asked).toBe(1)
  })
})
