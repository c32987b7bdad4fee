/**
 * The log stream of an attempt, from the template of `runs.logs.stream`: the parts in braces stand for the attempt's
 * own values.
 */
import type { LogContext } from '@flyteorg/flyteidl2/flyteidl2/core/execution_pb.ts'
import { ServiceError } from '../../shared/errors.ts'

/** What a template can name of an attempt. */
export interface LogStreamParts {
  readonly project: string
  readonly domain: string
  readonly run: string
  readonly action: string
  readonly attempt: number
  /** What the executor called the place in which the attempt runs; undefined as long as it has not said so. */
  readonly pod: string | undefined
}

/** The name that a template gives for an attempt; undefined if the template needs a pod and there is none yet. */
export function logStreamName(template: string, parts: LogStreamParts): string | undefined {
  if (parts.pod === undefined && template.includes('{pod}')) return undefined
  const values: Readonly<Record<string, string | number | undefined>> = { ...parts }
  return template.replaceAll(/\{(\w+)\}/g, (_, part: string) => String(values[part] ?? ''))
}

/**
 * The pod whose logs are asked for: the one that is named, which has to be one of the attempt's, or else its main one.
 *
 * @throws {ServiceError} `logs_not_found` for a pod that the executor did not report: people may not name any stream.
 */
export function podOf(context: LogContext | undefined, requested: string): string | undefined {
  const names = context?.pods.map(({ podName }) => podName) ?? []
  if (requested !== '') {
    if (!names.includes(requested) && context?.primaryPodName !== requested) {
      throw new ServiceError('logs_not_found')
    }
    return requested
  }
  return context?.primaryPodName || names[0]
}
