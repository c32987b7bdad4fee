/** The secret of a client in AWS Secrets Manager: read at most once an hour, and again when it was rotated. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { SERVICE_CLIENT_ID, SERVICE_CLIENT_SECRET } from '../../../local/identity-provider/clients.ts'
import { type IdentityProvider, startIdentityProvider } from '../../../local/identity-provider/index.ts'
import { CLIENT_ID, CLIENT_SECRET, startOpenIdProvider } from '../../support/openid-provider.ts'
import { type Double, reply, startDouble } from './support/doubles.ts'
import { createLaptop, type Laptop, type RunOptions, sentenceOf } from './support/laptop.ts'

let laptop: Laptop
let provider: IdentityProvider
let secretsManager: Double
let secret: string | undefined

beforeAll(async () => {
  provider = await startIdentityProvider({
    port: 0,
    publicUrl: 'https://flyte.example.com',
    webClient: { clientId: 'web', clientSecret: 'secret', redirectUris: ['https://flyte.example.com/cb'] },
    keysFile: null,
  })
  secretsManager = await startDouble(({ body }, response) =>
    JSON.parse(body).SecretId === 'flyte/reporter' && secret !== undefined
      ? reply(response, 200, { SecretString: secret })
      : reply(response, 400, { __type: 'ResourceNotFoundException' }),
  )
})
afterAll(() => Promise.all([provider?.close(), secretsManager?.close()]))
beforeEach(async () => {
  secret = SERVICE_CLIENT_SECRET
  secretsManager.asked.length = 0
  laptop = await createLaptop()
})
afterEach(() => laptop.dispose())

const environment = () => ({
  AWS_ENDPOINT_URL_SECRETS_MANAGER: secretsManager.url,
  AWS_REGION: 'eu-west-1',
  AWS_ACCESS_KEY_ID: 'AKIAONE',
  AWS_SECRET_ACCESS_KEY: 'secret',
})

function token(args: readonly string[] = [], options: RunOptions = {}) {
  const client = ['--issuer', provider.issuer, '--client-id', SERVICE_CLIENT_ID]
  const from = ['--client-secret-id', 'flyte/reporter', '--force']
  return laptop.run(['service-account-id-token', ...client, ...from, ...args], {
    env: environment(),
    ...options,
  })
}

describe('the secret of a service', () => {
  it('is read once for several tokens', async () => {
    expect((await token()).status).toBe(0)
    expect((await token()).status).toBe(0)
    expect(secretsManager.asked).toHaveLength(1)
  })

  it('is read again when the kept one is refused', async () => {
    secret = 'before the rotation'
    expect((await token()).status).toBe(1)
    secret = SERVICE_CLIENT_SECRET
    secretsManager.asked.length = 0
    expect((await token()).status).toBe(0)
    expect(secretsManager.asked).toHaveLength(1)
  })

  it('may be a key of a JSON document', async () => {
    secret = JSON.stringify({ client_secret: SERVICE_CLIENT_SECRET })
    expect((await token(['--client-secret-key', 'client_secret'])).status).toBe(0)
  })

  it('is forgotten with everything else', async () => {
    await token()
    const texts = async () => {
      const folder = join(laptop.home, '.flyte', 'flyte-token')
      const names = await readdir(folder)
      return (await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))).join()
    }
    expect((await laptop.run(['list'])).stdout).not.toContain(SERVICE_CLIENT_SECRET)
    expect(await texts()).toContain(SERVICE_CLIENT_SECRET)
    await laptop.run(['logout'])
    expect(await texts()).not.toContain(SERVICE_CLIENT_SECRET)
  })

  const refusals: [name: string, change: () => RunOptions, sentence: string][] = [
    [
      'is not there',
      () => {
        secret = undefined
        return {}
      },
      '(ResourceNotFoundException)',
    ],
    [
      'is empty',
      () => {
        secret = ''
        return {}
      },
      'has no text',
    ],
    ['cannot be asked for', () => ({ env: { AWS_REGION: 'eu-west-1' } }), 'did not give the client secret'],
  ]
  for (const [name, change, sentence] of refusals) {
    it(`ends the command in a sentence when it ${name}`, async () => {
      expect(sentenceOf(await token([], change()))).toEqual({
        status: 1,
        sentence: expect.stringContaining(sentence),
      })
    })
  }
})

/** The secret of HTTP Basic authentication, whose parts are form-encoded before (RFC 6749, 2.3.1). */
function basicSecret(authorization: string): string {
  const [, secret = ''] = atob(authorization.replace('Basic ', '')).split(':')
  return decodeURIComponent(secret.replaceAll('+', ' '))
}

describe('the secret of a desktop client', () => {
  it('is sent with the code and with each refresh, and is in no address', async () => {
    const people = await startOpenIdProvider(Date.now)
    people.idTokenSeconds = 60
    secret = CLIENT_SECRET
    const client = ['--issuer', people.issuer, '--client-id', CLIENT_ID, '--no-browser']
    const args = ['user-id-token', ...client, '--client-secret-id', 'flyte/reporter']
    let shown = ''
    const onAddress = (address: string) => {
      shown = address
      return fetch(people.signIn(address))
    }
    const run = () => laptop.run(args, { env: environment(), onAddress })
    expect([(await run()).status, (await run()).status]).toEqual([0, 0])
    await people.close()
    const sent = people.tokenRequests.map(({ authorization = '' }) => basicSecret(authorization))
    expect(sent).toEqual([CLIENT_SECRET, CLIENT_SECRET])
    expect(people.tokenRequests.map(({ form }) => form.has('client_secret'))).toEqual([false, false])
    expect(shown).not.toContain(encodeURIComponent(CLIENT_SECRET))
    // For the sign-in it is read anew, and for the refresh it is the one from then.
    expect(secretsManager.asked).toHaveLength(1)
  })

  it('is sent in the form where that was asked for', async () => {
    const people = await startOpenIdProvider(Date.now)
    const client = [
      '--issuer',
      people.issuer,
      '--client-id',
      CLIENT_ID,
      '--no-browser',
      '--client-auth',
      'post',
    ]
    const args = ['user-id-token', ...client, '--client-secret-env', 'S']
    const onAddress = (address: string) => fetch(people.signIn(address))
    expect((await laptop.run(args, { env: { S: CLIENT_SECRET }, onAddress })).status).toBe(0)
    await people.close()
    expect(people.tokenRequests[0]?.form.get('client_secret')).toBe(CLIENT_SECRET)
    expect(people.tokenRequests[0]?.authorization).toBeUndefined()
  })
})
