import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fetchDocument } from '../../../functions/shared/http/fetch-document.ts'
import { type AwsRefusal, createLightCall } from '../../../functions/shared/secrets/light-call.ts'
import { type Access, ownerOnly } from '../../../local/aws/access.ts'
import { type Credentials, LOCAL_CREDENTIALS } from '../../../local/aws/credentials.ts'
import { startLogs } from '../../../local/aws/logs.ts'
import { logGroupArn } from '../../../local/resource-names.ts'
import { RESTRICTED_CREDENTIALS, restrictedAccess } from './restricted.ts'

const REGION = 'eu-west-1'
const GROUP = '/flyte/tasks'

interface Options {
  readonly file?: string | null
  readonly access?: Access
  readonly credentials?: Credentials
}

async function start({ file = null, access = ownerOnly, credentials = LOCAL_CREDENTIALS }: Options = {}) {
  const server = await startLogs({ groups: [GROUP, '/other'], region: REGION, access, file })
  const call = createLightCall({
    aws: {
      region: REGION,
      credentials: { sessionToken: undefined, ...credentials },
      secretsManagerUrl: undefined,
      kmsUrl: undefined,
      schedulerUrl: undefined,
      logsUrl: server.endpoint,
    },
    fetch: fetchDocument,
    now: Date.now,
  })
  /** What an operation answers, or the name of its refusal. */
  const send = (operation: string, input: Readonly<Record<string, unknown>>) =>
    call({
      service: 'logs',
      target: `Logs_20140328.${operation}`,
      input: { logGroupName: GROUP, ...input },
      maxBytes: 4_000_000,
      output: (answer) => answer,
    }).catch((error: AwsRefusal) => error.type)
  return { ...server, send }
}

let logs: Awaited<ReturnType<typeof start>>
beforeAll(async () => {
  logs = await start()
  for (const logStreamName of ['a/1', 'a/1/side', 'a/10', 'b'])
    await logs.send('CreateLogStream', { logStreamName })
})
afterAll(() => logs.close())

const event = (timestamp: number, message: string) => ({ timestamp, message })

describe('the local CloudWatch Logs', () => {
  it('finds streams by the start of their names, in order', async () => {
    const names = async (logStreamNamePrefix: string, limit = 50) =>
      await logs.send('DescribeLogStreams', { logStreamNamePrefix, limit })
    expect(await names('a/1')).toMatchObject({
      logStreams: ['a/1', 'a/1/side', 'a/10'].map((logStreamName) => ({ logStreamName })),
    })
    expect(await names('a', 1)).toMatchObject({ logStreams: [{}], nextToken: 'more' })
    expect(await names('nothing')).toMatchObject({ logStreams: [] })
  })

  it('gives events in the order of time, and a token that does not change at the start', async () => {
    const logStreamName = 'b'
    await logs.send('PutLogEvents', { logStreamName, logEvents: [event(2, 'two'), event(1, 'one')] })
    const page = (await logs.send('GetLogEvents', { logStreamName })) as Record<string, unknown>
    expect(page.events).toMatchObject([event(1, 'one'), event(2, 'two')])
    const nextToken = page.nextBackwardToken
    expect(await logs.send('GetLogEvents', { logStreamName, nextToken })).toMatchObject({
      events: [],
      nextBackwardToken: nextToken,
    })
  })

  it('gives the newest megabyte first', async () => {
    const logStreamName = 'a/10'
    const logEvents = Array.from({ length: 30 }, (_, i) => event(i, 'x'.repeat(100_000)))
    await logs.send('PutLogEvents', { logStreamName, logEvents })
    const newest = (await logs.send('GetLogEvents', { logStreamName })) as { events: { timestamp: number }[] }
    expect(newest.events.map(({ timestamp }) => timestamp)).toEqual([20, 21, 22, 23, 24, 25, 26, 27, 28, 29])
    const { nextBackwardToken: nextToken } = newest as unknown as Record<string, string>
    const older = (await logs.send('GetLogEvents', { logStreamName, nextToken })) as typeof newest
    expect(older.events.at(-1)?.timestamp).toBe(19)
  })

  const refused: [what: string, operation: string, input: Readonly<Record<string, unknown>>, type: string][] =
    [
      [
        'a group that is not there',
        'GetLogEvents',
        { logGroupName: '/no', logStreamName: 'b' },
        'ResourceNotFoundException',
      ],
      ['a stream that is not there', 'GetLogEvents', { logStreamName: 'no' }, 'ResourceNotFoundException'],
      [
        'events for a stream that is not there',
        'PutLogEvents',
        { logStreamName: 'no', logEvents: [] },
        'ResourceNotFoundException',
      ],
      ['a stream that is there', 'CreateLogStream', { logStreamName: 'b' }, 'ResourceAlreadyExistsException'],
      ['a name with a colon', 'CreateLogStream', { logStreamName: 'a:b' }, 'InvalidParameterException'],
      [
        'an event without a time',
        'PutLogEvents',
        { logStreamName: 'b', logEvents: [{ message: 'x' }] },
        'InvalidParameterException',
      ],
      [
        'a token of another kind',
        'GetLogEvents',
        { logStreamName: 'b', nextToken: 'f/x' },
        'InvalidParameterException',
      ],
      ['an operation that it does not have', 'DeleteLogGroup', {}, 'UnknownOperationException'],
    ]
  for (const [what, operation, input, type] of refused) {
    it(`refuses ${what}`, async () => expect(await logs.send(operation, input)).toBe(type))
  }

  it('lets a function read the group that its role names', async () => {
    const access = restrictedAccess([
      [['logs:DescribeLogStreams', 'logs:GetLogEvents'], [`${logGroupArn(REGION, GROUP)}:*`]],
    ])
    const mine = await start({ access, credentials: RESTRICTED_CREDENTIALS })
    try {
      expect(await mine.send('DescribeLogStreams', {})).toMatchObject({ logStreams: [] })
      expect(await mine.send('GetLogEvents', { logStreamName: 'a' })).toBe('ResourceNotFoundException')
      expect(await mine.send('CreateLogStream', { logStreamName: 'a' })).toBe('AccessDeniedException')
      expect(await mine.send('DescribeLogStreams', { logGroupName: '/other' })).toBe('AccessDeniedException')
    } finally {
      await mine.close()
    }
  })

  it('keeps what was written', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'local-logs-'))
    const file = join(directory, 'logs.json')
    try {
      const first = await start({ file })
      await first.send('CreateLogStream', { logStreamName: 'kept' })
      await first.send('PutLogEvents', { logStreamName: 'kept', logEvents: [event(1, 'x')] })
      await first.close()
      const second = await start({ file })
      const page = await second.send('GetLogEvents', { logStreamName: 'kept' })
      expect(page).toMatchObject({ events: [{ message: 'x' }] })
      await second.close()
    } finally {
      await rm(directory, { recursive: true })
    }
  })
})
