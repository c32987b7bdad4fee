/** What becomes of the answers of CloudWatch Logs; what it does itself is in the tests of TailLogs. */
import { describe, expect, it } from 'vitest'
import type { Reason } from '../../../../../functions/shared/errors.ts'
import { AwsRefusal, type LightCall } from '../../../../../functions/shared/secrets/light-call.ts'
import { createCloudWatchLogStore } from '../../../../../functions/shared/stores/logs/cloudwatch-log-store.ts'

type Answer = Readonly<Record<string, unknown>> | Error | string

/** A store before a CloudWatch Logs that gives these answers, one after the other and the last one for ever. */
function storeWith(...answers: Answer[]) {
  const inputs: unknown[] = []
  const call: LightCall = async ({ input, output }) => {
    const answer = (answers.length > 1 ? answers.shift() : answers[0]) as Answer
    inputs.push(input)
    if (typeof answer === 'string') throw new AwsRefusal('logs', answer)
    if (answer instanceof Error) throw answer
    return output(answer)
  }
  return { ...createCloudWatchLogStore(call), inputs }
}

const STREAM = { group: '/flyte/tasks', name: 'a/1' }
const page = (nextBackwardToken: string, ...messages: string[]) => ({
  events: messages.map((message, timestamp) => ({ timestamp, message })),
  nextBackwardToken,
})

const failures: [what: string, answer: Answer, reason: Reason][] = [
  ['no answer', new TypeError('socket hang up'), 'logs_unavailable'],
  ['a missing permission', 'AccessDeniedException', 'logs_unreadable'],
  ['a name that CloudWatch does not take', 'InvalidParameterException', 'logs_unreadable'],
]
for (const [what, answer, reason] of failures) {
  it(`logs fail for ${what}`, async () => {
    await expect(storeWith(answer).streamsAt('/flyte/tasks', 'a')).rejects.toMatchObject({ reason })
    await expect(storeWith(answer).newest(STREAM, 1)).rejects.toMatchObject({ reason })
  })
}

describe('streams', () => {
  it('are not found in a group that is not there', async () => {
    const streams = storeWith('ResourceNotFoundException').streamsAt('/flyte/tasks', 'a')
    await expect(streams).rejects.toMatchObject({ reason: 'logs_unreadable' })
  })

  it('are those of the name and below it', async () => {
    const names = ['a', 'a/x', 'a-b', 'ab'].map((logStreamName) => ({ logStreamName }))
    expect(await storeWith({ logStreams: names }).streamsAt('/flyte/tasks', 'a')).toEqual(['a', 'a/x'])
    expect(await storeWith({}).streamsAt('/flyte/tasks', 'a')).toEqual([])
  })
})

describe('the newest events', () => {
  it('are read page by page, towards the beginning, until there is enough', async () => {
    const store = storeWith(page('t1', 'new'), page('t2', 'old'), page('t3', 'older'))
    const { events, hasOlder } = await store.newest(STREAM, 6)
    expect(events.map(({ message }) => message)).toEqual(['old', 'new'])
    expect(hasOlder).toBe(true)
    expect(store.inputs).toMatchObject([{ startFromHead: false }, { nextToken: 't1' }])
  })

  it('are all of them where the beginning is reached', async () => {
    const { events, hasOlder } = await storeWith(page('t1', 'a'), page('t1')).newest(STREAM, 1_000)
    expect(events).toHaveLength(1)
    expect(hasOlder).toBe(false)
  })

  it('are looked for behind empty pages, and not for ever', async () => {
    const pages = Array.from({ length: 20 }, (_, i) => page(`t${i}`))
    const store = storeWith(...pages)
    expect(await store.newest(STREAM, 1)).toEqual({ events: [], hasOlder: true })
    expect(store.inputs).toHaveLength(8)
  })

  it('are none of a stream that has expired since', async () => {
    const store = storeWith('ResourceNotFoundException')
    expect(await store.newest(STREAM, 1)).toEqual({ events: [], hasOlder: false })
  })
})
