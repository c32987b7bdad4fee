import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Outcome } from '../../../functions/shared/errors.ts'
import { type Clients, type RunsFunction, startRunsFunction } from './runs-function.ts'

const PREFIX = 'flyte-serverless/secrets'
const GENERIC = 0
const IMAGE_PULL = 1
const FULLY_PRESENT = 2

let service: RunsFunction
let ada: Clients
let grace: Clients

beforeAll(async () => {
  service = await startRunsFunction()
  ada = service.clients(await service.bearer('ada'))
  grace = service.clients(await service.bearer('grace'))
})
afterAll(() => service.close())

const at = (name: string, domain = '', project = '') => ({ name, organization: 'acme', domain, project })
const text = (value: string, type = GENERIC) => ({
  value: { case: 'stringValue' as const, value },
  type,
})
const binary = (value: Uint8Array<ArrayBuffer>) => ({ value: { case: 'binaryValue' as const, value } })
const create = (name: string, value: string, clients = ada) =>
  clients.secrets.createSecret({ id: at(name), secretSpec: text(value) })
const keptValue = (name: string) => service.services.secretValue(`${PREFIX}/${name}`)
/** A client whose calls are repetitions of one. */
const repeating = async (requestId: string, person = 'ada') =>
  service.clients({ ...(await service.bearer(person)), 'x-request-id': requestId })
/** Takes a secret out of Secrets Manager, or brings one back, as an operator would. */
const operate = (operation: 'DeleteSecret' | 'RestoreSecret', name: string) =>
  service.services.call({
    service: 'secretsmanager',
    target: `secretsmanager.${operation}`,
    input: { SecretId: `${PREFIX}/${name}` },
    output: () => undefined,
  })

async function list(domain = '', project = '', limit = 0): Promise<string[]> {
  const names: string[] = []
  let token = ''
  do {
    const page = await ada.secrets.listSecrets({ domain, project, limit, token })
    names.push(...page.secrets.map(({ id }) => [id?.domain, id?.project, id?.name].join('/')))
    token = page.token
  } while (token !== '')
  return names
}

describe('CreateSecret', () => {
  const scopes: [what: string, domain: string, project: string, name: string][] = [
    ['for everybody', '', '', 'organization/password'],
    ['for a domain', 'production', '', 'domain/production/password'],
    ['for a project', 'production', 'sandbox', 'project/production/sandbox/password'],
  ]
  for (const [what, domain, project, name] of scopes) {
    it(`keeps a secret ${what} under a name of its own`, async () => {
      await ada.secrets.createSecret({ id: at('password', domain, project), secretSpec: text(`of ${name}`) })
      expect(await keptValue(name)).toBe(`of ${name}`)
    })
  }

  it('keeps the bytes of a text as that text, which is what the command line sends', async () => {
    const secretSpec = binary(new Uint8Array(Buffer.from('pässwörd 🔑\n')))
    await ada.secrets.createSecret({ id: at('typed'), secretSpec })
    expect(await keptValue('organization/typed')).toBe('pässwörd 🔑\n')
  })

  it('keeps other bytes as they are', async () => {
    for (const [name, bytes] of [
      ['key-file', [1, 255, 254, 128]],
      ['with-zero', [104, 0, 105]],
    ] as const) {
      await ada.secrets.createSecret({ id: at(name), secretSpec: binary(new Uint8Array(bytes)) })
      expect(await keptValue(`organization/${name}`)).toEqual(Buffer.from(bytes))
    }
  })

  it('takes 64 KB, in characters of several bytes as well', async () => {
    const value = 'ü'.repeat(32_768)
    await create('large', value)
    expect(await keptValue('organization/large')).toBe(value)
  })

  it('says the same to a repeated request, and changes nothing', async () => {
    const client = await repeating('4a1c3f9e-0001')
    await create('repeated', 'one', client)
    await create('repeated', 'one', client)
    expect(await keptValue('organization/repeated')).toBe('one')
  })

  it('refuses a name that is taken, to whoever took it as well', async () => {
    await create('taken', 'first')
    for (const clients of [ada, grace]) {
      await expect(create('taken', 'second', clients)).rejects.toMatchObject({ code: 6 })
      expect(service.lastCall()?.outcome).toBe('secret_exists')
    }
    expect(await keptValue('organization/taken')).toBe('first')
  })

  it('refuses to take over a secret that somebody put there by other means', async () => {
    await service.services.call({
      service: 'secretsmanager',
      target: 'secretsmanager.CreateSecret',
      input: { Name: `${PREFIX}/organization/by-hand`, SecretString: 'by hand' },
      output: () => undefined,
    })
    await expect(create('by-hand', 'mine')).rejects.toMatchObject({ code: 6 })
    expect(await keptValue('organization/by-hand')).toBe('by hand')
  })

  it('makes a secret anew under the name of one that was deleted', async () => {
    await create('again', 'old')
    await ada.secrets.deleteSecret({ id: at('again') })
    await create('again', 'new', grace)
    expect(await keptValue('organization/again')).toBe('new')
    await expect(create('again', 'newer')).rejects.toMatchObject({ code: 6 })
  })

  it('goes on where a call that made a secret anew was cut off', async () => {
    await create('cut-off', 'old')
    await ada.secrets.deleteSecret({ id: at('cut-off') })
    await operate('RestoreSecret', 'organization/cut-off')
    await create('cut-off', 'new')
    expect(await keptValue('organization/cut-off')).toBe('new')
  })

  const refused: [
    what: string,
    request: Parameters<Clients['secrets']['createSecret']>[0],
    outcome: Outcome,
  ][] = [
    ['no id', { secretSpec: text('x') }, 'request_invalid'],
    ['no spec', { id: at('a') }, 'request_invalid'],
    ['no value', { id: at('a'), secretSpec: {} }, 'request_invalid'],
    ['an empty value', { id: at('a'), secretSpec: text('') }, 'request_invalid'],
    ['no name', { id: at(''), secretSpec: text('x') }, 'request_invalid'],
    ['a name with a slash', { id: at('a/b'), secretSpec: text('x') }, 'request_invalid'],
    ['a name that goes up', { id: at('..'), secretSpec: text('x') }, 'request_invalid'],
    ['a name with a line after it', { id: at('a\n'), secretSpec: text('x') }, 'request_invalid'],
    ['a name that is too long', { id: at('a'.repeat(254)), secretSpec: text('x') }, 'request_invalid'],
    ['another domain', { id: at('a', 'nowhere'), secretSpec: text('x') }, 'request_invalid'],
    [
      'a project without its domain',
      { id: at('a', '', 'sandbox'), secretSpec: text('x') },
      'request_invalid',
    ],
    [
      'a project that there is none of',
      { id: at('a', 'production', 'nothing'), secretSpec: text('x') },
      'project_not_found',
    ],
    ['more than 64 KB', { id: at('a'), secretSpec: text('x'.repeat(65_537)) }, 'request_too_large'],
  ]
  for (const [what, request, outcome] of refused) {
    it(`refuses ${what}`, async () => {
      await expect(ada.secrets.createSecret(request)).rejects.toMatchObject({ code: expect.any(Number) })
      expect(service.lastCall()?.outcome).toBe(outcome)
    })
  }

  it('tells no value when it refuses one', async () => {
    const value = `hunter2${'x'.repeat(70_000)}`
    const error = await ada.secrets
      .createSecret({ id: at('a'), secretSpec: text(value) })
      .catch((thrown: unknown) => thrown)
    expect(String(error)).not.toContain('hunter2')
    expect(JSON.stringify(service.lastCall())).not.toContain('hunter2')
  })
})

describe('GetSecret', () => {
  it('says what a secret is, and nothing of its value', async () => {
    await ada.secrets.createSecret({ id: at('known'), secretSpec: text('the value', IMAGE_PULL) })
    const answer = await grace.secrets.getSecret({ id: at('known') })
    expect(answer.secret).toMatchObject({
      id: at('known'),
      secretMetadata: { type: IMAGE_PULL, secretStatus: { overallStatus: FULLY_PRESENT } },
    })
    expect(Number(answer.secret?.secretMetadata?.createdTime?.seconds)).toBeGreaterThan(0)
    expect(JSON.stringify(answer, (_, one) => (typeof one === 'bigint' ? String(one) : one))).not.toContain(
      'the value',
    )
  })

  it('finds the secret of that place only', async () => {
    await create('of-everybody', 'x')
    const id = at('of-everybody', 'production', 'sandbox')
    await expect(ada.secrets.getSecret({ id })).rejects.toMatchObject({ code: 5 })
    expect(service.lastCall()?.outcome).toBe('secret_not_found')
  })

  it('knows a secret that was put there by other means, and not one that an operator deleted', async () => {
    const { secret } = await ada.secrets.getSecret({ id: at('by-hand') })
    expect(secret?.secretMetadata?.type).toBe(GENERIC)
    await operate('DeleteSecret', 'organization/by-hand')
    await expect(ada.secrets.getSecret({ id: at('by-hand') })).rejects.toMatchObject({ code: 5 })
  })
})

describe('UpdateSecret', () => {
  const update = (name: string, value: string, clients = ada) =>
    clients.secrets.updateSecret({ id: at(name), secretSpec: text(value, IMAGE_PULL) })

  it('replaces the value and the type', async () => {
    await create('changing', 'one')
    await update('changing', 'two', grace)
    expect(await keptValue('organization/changing')).toBe('two')
    const { secret } = await ada.secrets.getSecret({ id: at('changing') })
    expect(secret?.secretMetadata?.type).toBe(IMAGE_PULL)
  })

  it('does not bring an older value back when it is repeated late', async () => {
    await create('late', 'one')
    const late = await repeating('4a1c3f9e-0002')
    await update('late', 'two', late)
    await update('late', 'three')
    await update('late', 'two', late)
    expect(await keptValue('organization/late')).toBe('three')
  })

  it('refuses another value under the id of an earlier request', async () => {
    await create('mixed-up', 'one')
    const client = await repeating('4a1c3f9e-0003')
    await update('mixed-up', 'two', client)
    await expect(update('mixed-up', 'three', client)).rejects.toMatchObject({ code: 3 })
    expect(await keptValue('organization/mixed-up')).toBe('two')
  })

  it('refuses what is not there, or no longer', async () => {
    await expect(update('nothing', 'x')).rejects.toMatchObject({ code: 5 })
    await create('gone', 'x')
    await ada.secrets.deleteSecret({ id: at('gone') })
    await expect(update('gone', 'x')).rejects.toMatchObject({ code: 5 })
    expect(service.lastCall()?.outcome).toBe('secret_not_found')
  })
})

describe('DeleteSecret', () => {
  it('takes a secret away, from lists as well', async () => {
    await ada.secrets.createSecret({ id: at('short-lived', 'development'), secretSpec: text('x') })
    expect(await list('development')).toContain('development//short-lived')
    await grace.secrets.deleteSecret({ id: at('short-lived', 'development') })
    expect(await keptValue('domain/development/short-lived')).toBeUndefined()
    expect(await list('development')).not.toContain('development//short-lived')
    await expect(ada.secrets.getSecret({ id: at('short-lived', 'development') })).rejects.toMatchObject({
      code: 5,
    })
  })

  it('says the same to a repeated request, and not_found to another one', async () => {
    await create('deleted', 'x')
    const client = await repeating('4a1c3f9e-0004')
    await client.secrets.deleteSecret({ id: at('deleted') })
    await client.secrets.deleteSecret({ id: at('deleted') })
    await expect(ada.secrets.deleteSecret({ id: at('deleted') })).rejects.toMatchObject({ code: 5 })
    expect(service.lastCall()?.outcome).toBe('secret_not_found')
  })

  it('forgets a secret that an operator deleted before', async () => {
    await create('deleted-by-hand', 'x')
    await operate('DeleteSecret', 'organization/deleted-by-hand')
    await ada.secrets.deleteSecret({ id: at('deleted-by-hand') })
    expect(await list()).not.toContain('//deleted-by-hand')
  })

  it('refuses what never was', async () => {
    await expect(ada.secrets.deleteSecret({ id: at('never') })).rejects.toMatchObject({ code: 5 })
  })
})

describe('ListSecrets', () => {
  beforeAll(async () => {
    for (const id of [
      at('z', 'development', 'sandbox'),
      at('y', 'development', 'sandbox'),
      at('x', 'development'),
    ])
      await ada.secrets.createSecret({ id, secretSpec: text('v') })
  })

  it('lists a scope and what is inside it, in order', async () => {
    expect(await list('development', 'sandbox')).toEqual(['development/sandbox/y', 'development/sandbox/z'])
    expect(await list('development')).toEqual([
      'development//x',
      'development/sandbox/y',
      'development/sandbox/z',
    ])
    expect(await list()).toEqual(
      expect.arrayContaining(['//taken', 'production/sandbox/password', 'development/sandbox/z']),
    )
  })

  it('gives every secret once, page by page', async () => {
    const all = await list()
    expect(await list('', '', 1)).toEqual(all)
    expect(new Set(all).size).toBe(all.length)
  })

  it('refuses a token of another list, another domain and a project alone', async () => {
    const { token } = await ada.secrets.listSecrets({ limit: 1 })
    await expect(ada.secrets.listSecrets({ domain: 'production', token })).rejects.toMatchObject({ code: 3 })
    expect(service.lastCall()?.outcome).toBe('page_token_invalid')
    await expect(ada.secrets.listSecrets({ domain: 'nowhere' })).rejects.toMatchObject({ code: 3 })
    await expect(ada.secrets.listSecrets({ project: 'sandbox' })).rejects.toMatchObject({ code: 3 })
  })
})
