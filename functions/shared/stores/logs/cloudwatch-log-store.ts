/**
 * Logs in CloudWatch Logs.
 *
 * Streams are found by their names and read from their ends: `FilterLogEvents` would do both at once, but only from
 * the beginning of the logs, however long they are, and five times a second for the whole account.
 */
import { ServiceError } from '../../errors.ts'
import { AwsRefusal, type LightCall } from '../../secrets/light-call.ts'
import type { JwtObject } from '../../tokens/jwt.ts'
import type { LogEvent, LogStore, NewestEvents } from '../log-store.ts'

/** The most that DescribeLogStreams gives at once. */
const MAX_STREAMS = 50
/** A page has up to 1 MB of messages; in JSON every character of them may be an escape. */
const MAX_PAGE_BYTES = 8 * 1024 * 1024
/** Pages can be empty although there are more: they are followed so far. */
const MAX_PAGES = 8

/** Makes the store. */
export function createCloudWatchLogStore(call: LightCall): LogStore {
  const send = (operation: 'DescribeLogStreams' | 'GetLogEvents', input: Readonly<Record<string, unknown>>) =>
    call({
      service: 'logs',
      target: `Logs_20140328.${operation}`,
      input,
      maxBytes: MAX_PAGE_BYTES,
      output: (answer) => answer,
    })

  async function readNewest(group: string, name: string, minimumBytes: number): Promise<NewestEvents> {
    const pages: LogEvent[][] = []
    let bytes = 0
    let token: string | undefined
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const answer = await send('GetLogEvents', {
        logGroupName: group,
        logStreamName: name,
        startFromHead: false,
        ...(token === undefined ? {} : { nextToken: token }),
      })
      const events = eventsIn(answer)
      pages.unshift(events)
      bytes += events.reduce((sum, { message }) => sum + Buffer.byteLength(message), 0)
      const next = String(answer.nextBackwardToken ?? '')
      // At the beginning of a stream, the token that was given comes back.
      if (next === '' || next === token) return { events: pages.flat(), hasOlder: false }
      if (bytes >= minimumBytes) break
      token = next
    }
    return { events: pages.flat(), hasOlder: true }
  }

  return {
    async streamsAt(group, name) {
      const answer = await send('DescribeLogStreams', {
        logGroupName: group,
        logStreamNamePrefix: name,
        limit: MAX_STREAMS,
      }).catch(failed)
      // A name that goes on without a slash is another one: attempt 1 and attempt 10.
      return namesIn(answer).filter((one) => one === name || one.startsWith(`${name}/`))
    },
    async newest({ group, name }, minimumBytes) {
      try {
        return await readNewest(group, name, minimumBytes)
      } catch (error) {
        // It has expired since it was found.
        if (isRefusal(error, 'ResourceNotFoundException')) return { events: [], hasOlder: false }
        return failed(error)
      }
    },
  }
}

function namesIn({ logStreams }: JwtObject): string[] {
  const streams: readonly unknown[] = Array.isArray(logStreams) ? logStreams : []
  return streams.map((stream) => String((stream as JwtObject).logStreamName))
}

function eventsIn({ events }: JwtObject): LogEvent[] {
  const all: readonly unknown[] = Array.isArray(events) ? events : []
  return all.map((event) => {
    const { timestamp, message } = event as JwtObject
    return { timestampMs: Number(timestamp ?? 0), message: String(message ?? '') }
  })
}

function isRefusal(error: unknown, type: string): boolean {
  return error instanceof AwsRefusal && error.type === type
}

function failed(error: unknown): never {
  throw new ServiceError(error instanceof AwsRefusal ? 'logs_unreadable' : 'logs_unavailable', {
    cause: error,
  })
}
