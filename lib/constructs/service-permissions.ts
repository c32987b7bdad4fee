/** What the services beside runs may do outside their table and their bucket: projects' secrets and tasks' logs. */
import { ArnFormat, Stack } from 'aws-cdk-lib'
import { acknowledgeWildcard } from '../acknowledge.ts'
import type { AppFunction } from './app-function.ts'

/** What is done with a project's secret. There is no `GetSecretValue`: no value is ever read back. */
export const PROJECT_SECRET_ACTIONS = [
  'secretsmanager:CreateSecret',
  'secretsmanager:DeleteSecret',
  'secretsmanager:DescribeSecret',
  'secretsmanager:PutSecretValue',
  'secretsmanager:RestoreSecret',
] as const

/** Grants the function `runs` to write and delete the secrets below a prefix, and no other secret. */
export function allowProjectSecrets(runs: AppFunction, prefix: string): void {
  const resource = Stack.of(runs).formatArn({
    service: 'secretsmanager',
    resource: 'secret',
    resourceName: `${prefix}/*`,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  })
  runs.allow(PROJECT_SECRET_ACTIONS, [resource])
  acknowledgeWildcard(
    runs.role,
    resource,
    "People make these secrets, all below one prefix that is this deployment's own; their values cannot be read.",
  )
}

/** What is done with the logs of tasks. */
export const TASK_LOG_ACTIONS = ['logs:DescribeLogStreams', 'logs:GetLogEvents'] as const

/** Grants the function `runs` to read the streams of one log group. */
export function allowTaskLogs(runs: AppFunction, group: string): void {
  // A log group in a statement ends with a colon and an asterisk; its streams are below that.
  const resource = `${Stack.of(runs).formatArn({
    service: 'logs',
    resource: 'log-group',
    resourceName: group,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  })}:*`
  runs.allow(TASK_LOG_ACTIONS, [resource])
  acknowledgeWildcard(
    runs.role,
    resource,
    'Streams are named by run, all in the one log group of the settings.',
  )
}
