/** Secrets Manager, CloudWatch Logs and EventBridge Scheduler as the local stack has them, and how functions call them. */
import type { AwsEnvironment } from '../../functions/shared/config.ts'
import { fetchDocument } from '../../functions/shared/http/fetch-document.ts'
import { createLightCall, type LightCall } from '../../functions/shared/secrets/light-call.ts'
import { type Access, ownerOnly } from '../../local/aws/access.ts'
import { LOCAL_CREDENTIALS } from '../../local/aws/credentials.ts'
import { startLogs } from '../../local/aws/logs.ts'
import { madeSecrets } from '../../local/aws/made-secrets.ts'
import { type LocalScheduler, startScheduler } from '../../local/aws/scheduler.ts'
import { startSecretsManager } from '../../local/aws/secrets-manager.ts'

export const LOG_GROUP = '/flyte/tasks'
const REGION = 'eu-west-1'

/** Where schedules are, and what they call. */
export const SCHEDULES = {
  groupName: 'flyte-triggers',
  functionArn: 'arn:aws:lambda:eu-west-1:123456789012:function:flyte-runs:live',
  roleArn: 'arn:aws:iam::123456789012:role/flyte-scheduler',
}

export interface LocalServices {
  readonly aws: AwsEnvironment
  /** As a function calls them. */
  readonly call: LightCall
  /** As whoever runs a task: makes a stream, if there is none, and writes to it. */
  readonly write: (
    stream: string,
    lines: readonly (readonly [atMs: number, message: string])[],
  ) => Promise<void>
  /** As a task that is given a secret: its value, and undefined for none. */
  readonly secretValue: (name: string) => Promise<string | Buffer | undefined>
  readonly scheduler: LocalScheduler
  readonly close: () => Promise<void>
}

/** Starts them, in memory. */
export async function startLocalServices(access: Access = ownerOnly): Promise<LocalServices> {
  const made = await madeSecrets({ declared: [], region: REGION, file: null })
  const secrets = await startSecretsManager({ secrets: [], access, made })
  const logs = await startLogs({ groups: [LOG_GROUP], region: REGION, access, file: null })
  const groups = [SCHEDULES.groupName]
  const scheduler = await startScheduler({ groups, region: REGION, access, file: null })
  const aws: AwsEnvironment = {
    region: REGION,
    credentials: { ...LOCAL_CREDENTIALS, sessionToken: undefined },
    secretsManagerUrl: secrets.endpoint,
    logsUrl: logs.endpoint,
    kmsUrl: undefined,
    schedulerUrl: scheduler.endpoint,
  }
  const call = createLightCall({ aws, fetch: fetchDocument, now: Date.now })
  return {
    aws,
    call,
    scheduler,
    async write(stream, lines) {
      const place = { logGroupName: LOG_GROUP, logStreamName: stream }
      const send = (operation: string, input: Readonly<Record<string, unknown>>) =>
        call({ service: 'logs', target: `Logs_20140328.${operation}`, input, output: () => undefined })
      await send('CreateLogStream', place).catch(() => {})
      const logEvents = lines.map(([timestamp, message]) => ({ timestamp, message }))
      await send('PutLogEvents', { ...place, logEvents })
    },
    secretValue: (name) =>
      call({
        service: 'secretsmanager',
        target: 'secretsmanager.GetSecretValue',
        input: { SecretId: name },
        output: ({ SecretString, SecretBinary }) =>
          typeof SecretString === 'string' ? SecretString : Buffer.from(String(SecretBinary), 'base64'),
      }).catch(() => undefined),
    close: async () => {
      await Promise.all([secrets.close(), logs.close(), scheduler.close()])
    },
  }
}
