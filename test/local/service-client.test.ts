/** The service that gets tokens from the stack's own authorization server. */
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compare } from 'bcryptjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seedServiceClient } from '../../local/service-client.ts'

const ARN = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:clients-AbC123'
const KEYS = { arn: `${ARN}x`, name: 'keys', value: '{}' }

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'service-client-'))
})
afterAll(() => rm(directory, { recursive: true }))

function seed(value: string, file: string | null = null, environment: Record<string, string> = {}) {
  const settings = { AUTHORIZATION_SERVER: JSON.stringify({ clientSecretsSecret: ARN }), ...environment }
  const functions = new Map([
    ['Other', { environment: {} }],
    ['Server', { environment: settings }],
  ])
  const secrets = [KEYS, { arn: ARN, name: 'clients', value }]
  return seedServiceClient({ functions, secrets } as never, file)
}

const hashesIn = ({ secrets }: Awaited<ReturnType<typeof seed>>) =>
  JSON.parse(secrets.find(({ arn }) => arn === ARN)?.value ?? '') as Record<string, string>

describe('the service of the stack', () => {
  it('gets a secret of which the authorization server has the hash', async () => {
    const seeded = await seed('{}')
    const { flytepropeller } = hashesIn(seeded)
    expect(seeded.client?.clientId).toBe('flytepropeller')
    expect(await compare(String(seeded.client?.clientSecret), String(flytepropeller))).toBe(true)
    expect(seeded.secrets).toContain(KEYS)
  })

  it('has another secret each time', async () => {
    const [one, two] = await Promise.all([seed('{}'), seed('{}')])
    expect(one.client?.clientSecret).not.toBe(two.client?.clientSecret)
  })

  it('keeps its secret where data is kept, readable by its owner only', async () => {
    const file = join(directory, 'service-client.json')
    const first = await seed('{}', file)
    const second = await seed(JSON.stringify(hashesIn(first)), file)
    expect(second.client).toEqual(first.client)
    expect(hashesIn(second)).toEqual(hashesIn(first))
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(await readFile(file, 'utf8')).toContain(String(first.client?.clientSecret))
  })

  it('leaves what somebody else put there', async () => {
    const mine = { flytepropeller: 'mine', ci: 'mine' }
    expect(hashesIn(await seed(JSON.stringify(mine)))).toEqual(mine)
  })

  it('is not there where the deployment issues no tokens', async () => {
    const secrets = [KEYS]
    expect(await seedServiceClient({ functions: new Map(), secrets } as never, null)).toEqual({
      secrets,
      client: undefined,
    })
  })
})
