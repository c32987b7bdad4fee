/** How the callers of AWS tell a refusal from a service that is too busy; the rest is in the tests of what they read. */
import { describe, expect, it } from 'vitest'
import { createLightCall, type LightService } from '../../../../functions/shared/secrets/light-call.ts'
import { createSecretsManagerVault } from '../../../../functions/shared/secrets/secrets-manager-vault.ts'
import { createCloudWatchLogStore } from '../../../../functions/shared/stores/logs/cloudwatch-log-store.ts'

const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret', sessionToken: undefined }
const aws = { region: 'eu-west-1', credentials } as Parameters<typeof createLightCall>[0]['aws']

/** Calls of a service that always answers with this refusal. */
function callRefused(type: string) {
  const asked: string[] = []
  const body = Buffer.from(JSON.stringify({ __type: type }))
  const fetch = async (url: string) => {
    asked.push(url)
    return { status: 400, headers: new Headers(), body } as never
  }
  return { asked, call: createLightCall({ aws, fetch, now: () => 1_800_000_000_000 }) }
}

const SECRET = { name: 'a', value: 'hunter2', requestToken: '0'.repeat(64) }
type Refused = ReturnType<typeof callRefused>
const callers: [service: LightService, reason: string, ask: (refused: Refused) => Promise<unknown>][] = [
  ['secretsmanager', 'vault_unavailable', ({ call }) => createSecretsManagerVault(call).create(SECRET)],
  ['logs', 'logs_unavailable', ({ call }) => createCloudWatchLogStore(call).streamsAt('/tasks', 'a')],
]

for (const [service, reason, ask] of callers) {
  describe(`${service} that is too busy`, () => {
    for (const type of ['ThrottlingException', 'TooManyRequestsException', 'LimitExceededException']) {
      it(`is asked again, and then not taken for one that refuses: ${type}`, async () => {
        const refused = callRefused(type)
        await expect(ask(refused)).rejects.toMatchObject({ reason, status: 503 })
        expect(refused.asked).toHaveLength(3)
      })
    }
  })
}
