/** Stopping, starting again, and what happens when a part of the stack breaks. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RunService } from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { sentenceFor } from '../../local/failure.ts'
import { SERVICE_CLIENT_ID, SERVICE_CLIENT_SECRET } from '../../local/identity-provider/clients.ts'
import { startIdentityProvider } from '../../local/identity-provider/index.ts'
import { reservePort } from '../../local/listening.ts'
import { signInAsService } from '../../local/sign-in.ts'
import { type Stack, type StackOptions, startStack } from '../../local/stack.ts'
import { bearer, client, describeMaker, sampleRun, signIn } from './support/clients.ts'
import { freePort } from './support/ports.ts'

const stacks: Stack[] = []
let directory: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lifecycle-'))
})
afterEach(() => Promise.all(stacks.splice(0).map((stack) => stack.close())))
afterAll(() => rm(directory, { recursive: true }))

async function start(options: Partial<StackOptions> = {}): Promise<Stack> {
  const stack = await startStack({ port: 0, ...options })
  stacks.push(stack)
  return stack
}

/** The sentence that whoever starts the stack is told; undefined if it starts. */
async function refusal(options: Partial<StackOptions>): Promise<string | undefined> {
  const port = options.port ?? 0
  return start(options).then(
    () => undefined,
    (error: unknown) => sentenceFor(error, port) ?? String(error),
  )
}

describe('a data folder', () => {
  it('keeps runs, and people signed in, over a restart', async () => {
    const dataDirectory = join(directory, 'kept')
    const port = await freePort()
    const first = await start({ dataDirectory, port })
    const { browser } = await signIn(first, 'grace')
    const { run } = await client(first, RunService, { cookie: browser.cookies(first.url) }).createRun(
      sampleRun(),
    )
    const runId = run?.action?.id?.run
    if (runId === undefined) throw new TypeError('the run has no id')
    await first.close()

    const second = await start({ dataDirectory, port })
    const { details } = await client(second, RunService, {
      cookie: browser.cookies(second.url),
    }).getRunDetails({ runId })
    expect(describeMaker(details?.action?.metadata?.executedBy)).toMatchObject({
      subject: 'grace',
      email: 'grace@example.com',
    })
    const withToken = client(second, RunService, await bearer(second, { person: 'ada' }))
    expect((await withToken.getRunDetails({ runId })).details?.action?.id?.run?.name).toBe(runId.name)
  })

  it('that another stack has open is refused with a sentence', async () => {
    const dataDirectory = join(directory, 'open')
    await start({ dataDirectory })
    expect(await refusal({ dataDirectory })).toMatch(/^The data folder is in use; /)
  })
})

describe('without a data folder', () => {
  it('nothing is left of a run after a restart', async () => {
    const first = await start()
    const { run } = await client(first, RunService, await bearer(first, { person: 'ada' })).createRun(
      sampleRun(),
    )
    const runId = run?.action?.id?.run
    await first.close()
    const second = await start()
    const runs = client(second, RunService, await bearer(second, { person: 'ada' }))
    await expect(runs.getRunDetails(runId === undefined ? {} : { runId })).rejects.toMatchObject({
      rawMessage: expect.any(String),
    })
  })
})

describe('a function that breaks', () => {
  const broken: [string, string][] = [
    ['crashes', 'export const handler = () => process.exit(1)'],
    ['throws', `export const handler = async () => { throw new Error('as asked') }`],
    ['cannot be loaded', `throw new Error('as asked')`],
    ['answers nonsense', `export const handler = async () => 'nonsense'`],
  ]
  it('answers 502, each time, and the rest of the stack lives', async () => {
    for (const [what, code] of broken) {
      const folder = join(directory, what)
      await mkdir(folder)
      await writeFile(join(folder, 'index.mjs'), code)
      const stack = await start({ code: { runs: folder } })
      const call = () => fetch(`${stack.url}/flyteidl2.workflow.RunService/ListRuns`, { method: 'POST' })
      expect([what, (await call()).status, (await call()).status]).toEqual([what, 502, 502])
      expect((await fetch(`${stack.url}/readyz`)).status).toBe(200)
    }
  })
})

describe('a start that cannot be', () => {
  it('says which port is taken', async () => {
    const { port } = await start()
    expect(await refusal({ port })).toBe(
      `Port ${port} is taken; stop what listens there, or choose another one with --port.`,
    )
  })

  it('says that the identity provider needs the port above', async () => {
    const port = await freePort()
    const taken = await reservePort(port + 1)
    const sentence = await refusal({ port })
    await taken.release()
    expect(sentence).toMatch(new RegExp(`^Port ${port + 1}, which the identity provider needs`))
  })

  it('lists what is wrong with the settings', async () => {
    const settings = { auth: { authorizedUris: [], userAuth: { openId: { clientId: '' } } } }
    const sentence = await refusal({ settings })
    expect(sentence).toContain('auth.authorizedUris')
    expect(sentence).toContain('auth.userAuth.openId.clientId')
  })

  it('says that the identity provider does not answer', async () => {
    const { port } = await start()
    const provider = (url: string) => ({ provider: { url, clientId: 'a', clientSecret: 'b' } })
    expect(await refusal(provider('http://localhost:1'))).toMatch(/^The identity provider does not answer/)
    expect(await refusal(provider(`http://localhost:${port}/elsewhere`))).toMatch(/has no discovery document/)
  })

  it('leaves nothing behind: the port can be used right away', async () => {
    const { port, close } = await start()
    await close()
    expect(await refusal({ port, settings: { auth: { authorizedUris: [] } } })).toBeDefined()
    expect((await start({ port })).port).toBe(port)
  })
})

describe('another identity provider', () => {
  it('signs people in, and its tokens are believed', async () => {
    const own = await start()
    const redirect = 'http://localhost:1/oauth2/idpresponse'
    const other = await startIdentityProvider({
      port: 0,
      publicUrl: 'urn:elsewhere',
      webClient: { clientId: 'somebody', clientSecret: 'b'.repeat(32), redirectUris: [redirect] },
      keysFile: null,
    })
    try {
      const stack = await start({
        provider: {
          url: other.issuer,
          clientId: 'somebody',
          clientSecret: 'b'.repeat(32),
          audience: 'urn:elsewhere',
        },
      })
      expect(stack).toMatchObject({ issuer: other.issuer, provider: undefined })
      const { accessToken } = await signInAsService({
        tokenEndpoint: `${other.issuer}/token`,
        clientId: SERVICE_CLIENT_ID,
        clientSecret: SERVICE_CLIENT_SECRET,
      })
      const { run } = await client(stack, RunService, { authorization: `Bearer ${accessToken}` }).createRun(
        sampleRun(),
      )
      expect(describeMaker(run?.action?.metadata?.executedBy)).toMatchObject({
        kind: 'application',
        subject: 'reporter',
      })
      const foreign = await bearer(own, { client: 'reporter' })
      await expect(client(stack, RunService, foreign).createRun(sampleRun())).rejects.toMatchObject({
        code: 16,
      })
    } finally {
      await other.close()
    }
  })
})
