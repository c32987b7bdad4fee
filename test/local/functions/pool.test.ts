import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createFunctionPool, type FunctionPool, type PoolOptions } from '../../../local/functions/pool.ts'
import type { FunctionDefinition } from '../../../local/functions/types.ts'

const CODE = `
let calls = 0
export const handler = async (event, context) => {
  calls += 1
  switch (event.do) {
    case 'echo': return { event, calls, pid: process.pid }
    case 'environment': return process.env
    case 'context': return { ...context, remainingMs: context.getRemainingTimeInMillis() }
    case 'nothing': return undefined
    case 'log': console.log('a line'); console.error('another line'); return null
    case 'throw': throw new RangeError('as asked')
    case 'unserialisable': { const circle = {}; circle.self = circle; return circle }
    case 'large': return 'x'.repeat(7 * 1024 * 1024)
    case 'exit': process.exit(3)
    case 'uncaught': setTimeout(() => { throw new Error('later') }, 1); return new Promise(() => {})
    case 'loop': for (;;) {}
    case 'hang': setInterval(() => {}, 1000); return new Promise(() => {})
    case 'forget': return new Promise(() => {})
    case 'slow': await new Promise((resolve) => setTimeout(resolve, 100)); return { pid: process.pid }
  }
}
export const another = async () => 'another export'
export const notAFunction = 1
`

let directory: string
let broken: string
let pool: FunctionPool
const lines: string[] = []

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'function-'))
  broken = await mkdtemp(join(tmpdir(), 'function-'))
  await writeFile(join(directory, 'index.mjs'), CODE)
  await writeFile(join(broken, 'index.mjs'), `throw new Error('cannot start')`)
})
afterEach(() => pool.close())
afterAll(() => Promise.all([directory, broken].map((path) => rm(path, { recursive: true }))))

function start(changes: Partial<FunctionDefinition> = {}, options: Partial<PoolOptions> = {}): FunctionPool {
  lines.length = 0
  pool = createFunctionPool({
    definition: {
      name: 'flyte-test',
      arn: 'arn:aws:lambda:eu-west-1:123456789012:function:flyte-test',
      directory,
      handler: 'index.handler',
      timeoutMs: 5000,
      memoryMb: 256,
      environment: { FROM_TEMPLATE: 'yes' },
      reservedConcurrency: undefined,
      ...changes,
    },
    platform: { AWS_REGION: 'eu-west-1' },
    log: (name, line) => lines.push(`${name}: ${line}`),
    ...options,
  })
  return pool
}

describe('a function', () => {
  it('answers its event from a process that is used again', async () => {
    start()
    const first = await pool.invoke({ do: 'echo', text: 'ä' })
    const second = await pool.invoke({ do: 'echo' })
    expect(first).toMatchObject({ payload: { event: { do: 'echo', text: 'ä' }, calls: 1 } })
    expect(second).toMatchObject({ payload: { calls: 2 } })
    expect((second as { payload: { pid: number } }).payload.pid).not.toBe(process.pid)
  })

  it('sees the variables of the template and of the platform, and nothing of this process', async () => {
    process.env.A_SECRET_OF_THE_DEVELOPER = 'yes'
    start()
    const { payload } = (await pool.invoke({ do: 'environment' })) as { payload: Record<string, string> }
    delete process.env.A_SECRET_OF_THE_DEVELOPER
    expect(payload).toMatchObject({
      FROM_TEMPLATE: 'yes',
      AWS_REGION: 'eu-west-1',
      AWS_LAMBDA_FUNCTION_NAME: 'flyte-test',
      _HANDLER: 'index.handler',
    })
    for (const name of ['A_SECRET_OF_THE_DEVELOPER', 'PATH', 'HOME', 'NODE_OPTIONS', 'VITEST']) {
      expect(payload).not.toHaveProperty(name)
    }
  })

  it('is told its request id, its ARN and its deadline', async () => {
    start()
    const { payload } = (await pool.invoke({ do: 'context' })) as { payload: Record<string, unknown> }
    expect(payload).toMatchObject({
      functionName: 'flyte-test',
      invokedFunctionArn: 'arn:aws:lambda:eu-west-1:123456789012:function:flyte-test',
      memoryLimitInMB: '256',
    })
    expect(payload.awsRequestId).toMatch(/^[\da-f-]{36}$/)
    expect(payload.remainingMs).toBeLessThanOrEqual(5000)
  })

  it('uses the export that the template names', async () => {
    start({ handler: 'index.another' })
    expect(await pool.invoke({})).toEqual({ payload: 'another export' })
  })

  it('that returns nothing answers null', async () => {
    start()
    expect(await pool.invoke({ do: 'nothing' })).toEqual({ payload: null })
  })

  it('has its lines logged under its name', async () => {
    start()
    await pool.invoke({ do: 'log' })
    await expect.poll(() => lines.toSorted()).toEqual(['flyte-test: a line', 'flyte-test: another line'])
  })
})

describe('a function that fails', () => {
  for (const what of ['throw', 'unserialisable', 'large', 'exit', 'uncaught', 'forget']) {
    it(`(${what}) is an error, and the next event is answered`, async () => {
      start()
      expect(await pool.invoke({ do: what })).toEqual({ error: 'error' })
      expect(await pool.invoke({ do: 'echo' })).toMatchObject({ payload: { event: { do: 'echo' } } })
    })
  }

  for (const what of ['loop', 'hang']) {
    it(`(${what}) is stopped after its timeout and replaced`, async () => {
      start({ timeoutMs: 300 })
      expect(await pool.invoke({ do: what })).toEqual({ error: 'timeout' })
      expect(await pool.invoke({ do: 'echo' })).toMatchObject({ payload: { calls: 1 } })
    })
  }

  it('keeps its process when it only threw, as in AWS', async () => {
    start()
    await pool.invoke({ do: 'throw' })
    expect(await pool.invoke({ do: 'echo' })).toMatchObject({ payload: { calls: 2 } })
  })

  it('is an error when its code cannot be loaded, and says why in its log', async () => {
    start({ directory: broken })
    expect(await pool.invoke({})).toEqual({ error: 'error' })
    await expect.poll(() => lines.join('\n')).toContain('cannot start')
  })

  it('is an error when there is no such module or export', async () => {
    start({ handler: 'elsewhere.handler' })
    expect(await pool.invoke({})).toEqual({ error: 'error' })
    await pool.close()
    start({ handler: 'index.notAFunction' })
    expect(await pool.invoke({})).toEqual({ error: 'error' })
  })
})

describe('many events at once', () => {
  const slow = (count: number) =>
    Promise.all(Array.from({ length: count }, () => pool.invoke({ do: 'slow' })))

  it('are answered one a process, by no more processes than allowed', async () => {
    start({}, { maxProcesses: 2 })
    const results = (await slow(6)) as { payload: { pid: number } }[]
    expect(new Set(results.map(({ payload }) => payload.pid)).size).toBe(2)
  })

  it('are held to the concurrency that the template reserves', async () => {
    start({ reservedConcurrency: 1 })
    const results = (await slow(3)) as { payload: { pid: number } }[]
    expect(new Set(results.map(({ payload }) => payload.pid)).size).toBe(1)
  })

  it('are throttled where nothing is reserved', async () => {
    start({ reservedConcurrency: 0 })
    expect(await pool.invoke({ do: 'echo' })).toEqual({ error: 'throttled' })
  })

  it('are each answered, also when the process before them crashed', async () => {
    start({}, { maxProcesses: 1 })
    const results = await Promise.all([
      pool.invoke({ do: 'exit' }),
      pool.invoke({ do: 'echo' }),
      pool.invoke({ do: 'echo' }),
    ])
    expect(results).toMatchObject([{ error: 'error' }, { payload: { calls: 1 } }, { payload: { calls: 2 } }])
  })
})

describe('a pool that is closed', () => {
  it('ends what is running and takes no more', async () => {
    start({}, { maxProcesses: 1 })
    const running = pool.invoke({ do: 'hang' })
    const waiting = pool.invoke({ do: 'echo' })
    await new Promise((resolve) => setTimeout(resolve, 50))
    await pool.close()
    expect(await running).toEqual({ error: 'error' })
    expect(await waiting).toEqual({ error: 'error' })
    expect(await pool.invoke({ do: 'echo' })).toEqual({ error: 'error' })
  })
})
