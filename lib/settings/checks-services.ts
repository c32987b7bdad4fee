/** Rules about what tasks use: the secrets of projects, and the logs of tasks. */
import type { CrossCheck } from './cross-check.ts'
import { problemIf } from './cross-check.ts'
import { secretPrefixOf } from './resolve.ts'

/** The name in an ARN of a secret, or the name itself. */
const nameOf = (nameOrArn: string): string => nameOrArn.replace(/^arn:[^:]*(:[^:]*){3}:secret:/, '')

const secretPrefix: CrossCheck = {
  reads: ['name', 'runs.secretPrefix', 'secrets'],
  run: (file) => {
    const names = Object.values(file.secrets).map(({ name }) => name)
    const start = `${secretPrefixOf(file)}/`
    return problemIf(
      names.some((name) => name !== undefined && nameOf(name).startsWith(start)),
      'runs.secretPrefix',
      'must not be above a secret of this deployment in secrets.*: what is below it, people may replace and delete',
    )
  },
}

/** Without all of these, two attempts could share their logs. */
const OF_ONE_ATTEMPT = ['project', 'domain', 'run', 'action', 'attempt']

const logStream: CrossCheck = {
  reads: ['runs.logs'],
  run: ({ runs: { logs } }) => {
    if (logs === undefined || logs.stream.includes('{pod}')) return []
    return problemIf(
      OF_ONE_ATTEMPT.some((part) => !logs.stream.includes(`{${part}}`)),
      'runs.logs.stream',
      'must have {pod}, or else {project}, {domain}, {run}, {action} and {attempt}: nobody reads the logs of another run then',
    )
  },
}

export const SERVICE_CHECKS: readonly CrossCheck[] = [secretPrefix, logStream]
