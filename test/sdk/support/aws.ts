/** What is done beside the SDK, by whatever runs tasks: it is given secrets, and writes logs. */
import { fetchDocument } from '../../../functions/shared/http/fetch-document.ts'
import { createLightCall, type LightCall } from '../../../functions/shared/secrets/light-call.ts'
import { LOCAL_CREDENTIALS } from '../../../local/aws/credentials.ts'
import { LOCAL_LOG_GROUP } from '../../../local/settings.ts'
import type { Stack } from '../../../local/stack.ts'

function callOf({ region, endpoints }: Stack): LightCall {
  const aws = {
    region,
    credentials: { ...LOCAL_CREDENTIALS, sessionToken: undefined },
    secretsManagerUrl: endpoints.secretsManager,
    logsUrl: endpoints.logs,
    kmsUrl: undefined,
    schedulerUrl: undefined,
  }
  return createLightCall({ aws, fetch: fetchDocument, now: Date.now })
}

/** The value of a secret, as a task is given it. */
export function readSecretAsTask(stack: Stack, name: string): Promise<string | Buffer> {
  return callOf(stack)({
    service: 'secretsmanager',
    target: 'secretsmanager.GetSecretValue',
    input: { SecretId: name },
    output: ({ SecretString, SecretBinary }) =>
      typeof SecretString === 'string' ? SecretString : Buffer.from(String(SecretBinary), 'base64'),
  })
}

/** Writes lines to a stream of the log group of tasks, a millisecond apart. */
export async function writeLogAsTask(stack: Stack, stream: string, lines: readonly string[]): Promise<void> {
  const call = callOf(stack)
  const place = { logGroupName: LOCAL_LOG_GROUP, logStreamName: stream }
  const send = (operation: string, input: Readonly<Record<string, unknown>>) =>
    call({ service: 'logs', target: `Logs_20140328.${operation}`, input, output: () => undefined })
  await send('CreateLogStream', place)
  const logEvents = lines.map((message, at) => ({ timestamp: Date.UTC(2026, 0, 1) + at, message }))
  await send('PutLogEvents', { ...place, logEvents })
}
