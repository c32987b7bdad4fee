/**
 * Key rotation as Lambda runs it: on a schedule, and once while the stack is deployed, so that there is a key before
 * the first token is asked for. A run that fails is seen in the function's errors, and repeated.
 */
import { Logger } from '@aws-lambda-powertools/logger'
import { systemClock } from '../shared/clock.ts'
import { readConfig, requireSetting } from '../shared/config.ts'
import { fetchDocument } from '../shared/http/fetch-document.ts'
import { createSecretsManagerClient } from '../shared/secrets/client.ts'
import { createReplaceableSecret } from '../shared/secrets/replaceable-secret.ts'
import { parseAuthorizationServerConfig } from './config.ts'
import { answerDeployment, parseDeploymentEvent } from './deployment-event.ts'
import { rotateKeys, rotationSchedule } from './rotate.ts'

const { signingKeysSecret, accessTokenSeconds } = parseAuthorizationServerConfig(
  readConfig().authorizationServer,
)
const secretName = requireSetting(signingKeysSecret ?? undefined, 'AUTHORIZATION_SERVER.signingKeysSecret')
const secret = createReplaceableSecret(createSecretsManagerClient(), secretName)
const logger = new Logger()

/** Takes one step of the rotation. */
export async function handler(event: unknown): Promise<void> {
  const deployment = parseDeploymentEvent(event)
  if (deployment === undefined) return rotate()
  return answerDeployment(deployment, { work: rotate, send: fetchDocument })
}

async function rotate(): Promise<void> {
  const outcome = await rotateKeys({
    secret,
    schedule: rotationSchedule(accessTokenSeconds),
    now: systemClock,
  })
  logger.info('signing keys looked at', { outcome })
}
