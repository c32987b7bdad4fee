/** What becomes of the answers of Secrets Manager; what it does itself is in the tests of the service. */
import { describe, expect, it } from 'vitest'
import type { Reason } from '../../../../functions/shared/errors.ts'
import { AwsRefusal, type LightCall } from '../../../../functions/shared/secrets/light-call.ts'
import { createSecretsManagerVault } from '../../../../functions/shared/secrets/secrets-manager-vault.ts'

const SECRET = { name: 'a', value: 'hunter2', requestToken: '0'.repeat(64) }

/** A vault before a Secrets Manager that answers so, operation by operation. */
function vaultWith(answers: Readonly<Record<string, Readonly<Record<string, unknown>> | Error | string>>) {
  const call: LightCall = async ({ target, output }) => {
    const answer = answers[target.replace('secretsmanager.', '')]
    if (typeof answer === 'string') throw new AwsRefusal('secretsmanager', answer)
    if (answer instanceof Error || answer === undefined) throw answer ?? new TypeError(target)
    return output(answer)
  }
  return createSecretsManagerVault(call)
}

type Vault = ReturnType<typeof createSecretsManagerVault>
const methods: [name: string, operation: string, call: (vault: Vault) => Promise<unknown>][] = [
  ['create', 'CreateSecret', (vault) => vault.create(SECRET)],
  ['replace', 'PutSecretValue', (vault) => vault.replace(SECRET)],
  ['describe', 'DescribeSecret', (vault) => vault.describe('a')],
  ['remove', 'DeleteSecret', (vault) => vault.remove('a')],
  ['restore', 'RestoreSecret', (vault) => vault.restore('a')],
]
const failures: [what: string, answer: Error | string, reason: Reason][] = [
  ['no answer', new TypeError('socket hang up'), 'vault_unavailable'],
  ['a missing permission', 'AccessDeniedException', 'internal_error'],
  ['a key that is not to be used', 'DecryptionFailure', 'internal_error'],
]

for (const [name, operation, call] of methods) {
  describe(name, () => {
    for (const [what, answer, reason] of failures) {
      it(`fails for ${what}, without telling the value`, async () => {
        const error = await call(vaultWith({ [operation]: answer })).catch((thrown: unknown) => thrown)
        expect(error).toMatchObject({ reason })
        expect(String(error)).not.toContain(SECRET.value)
      })
    }
  })
}

describe('a refusal because of the state of a secret', () => {
  const unfit = 'InvalidRequestException'
  const removed = { CreatedDate: 1, DeletedDate: 2 }

  it('is looked into: the secret was removed', async () => {
    expect(await vaultWith({ CreateSecret: unfit, DescribeSecret: removed }).create(SECRET)).toBe('removed')
    expect(await vaultWith({ PutSecretValue: unfit, DescribeSecret: removed }).replace(SECRET)).toBe('absent')
    expect(await vaultWith({ DeleteSecret: unfit, DescribeSecret: removed }).remove('a')).toBe('absent')
  })

  it('asks for another attempt if the secret went away in between', async () => {
    const vault = vaultWith({ CreateSecret: unfit, DescribeSecret: 'ResourceNotFoundException' })
    await expect(vault.create(SECRET)).rejects.toMatchObject({ reason: 'vault_unavailable' })
  })

  it('is not taken for a removal if there is another reason', async () => {
    const there = { CreatedDate: 1 }
    for (const call of [
      vaultWith({ CreateSecret: unfit, DescribeSecret: there }).create(SECRET),
      vaultWith({ PutSecretValue: unfit, DescribeSecret: there }).replace(SECRET),
      vaultWith({ DeleteSecret: unfit, DescribeSecret: there }).remove('a'),
    ] as Promise<unknown>[])
      await expect(call).rejects.toMatchObject({ reason: 'internal_error' })
  })
})

it('the time at which a secret was made is in milliseconds', async () => {
  const described = await vaultWith({ DescribeSecret: { CreatedDate: 1_800_000_000.123 } }).describe('a')
  expect(described).toEqual({ createdAtMs: 1_800_000_000_123 })
})
