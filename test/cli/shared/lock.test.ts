/** One at a time, across processes; and who waits fails with whom it waited for. */
import { spawn } from 'node:child_process'
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { CommandError } from '../../../cli/shared/failure.ts'
import { withLock } from '../../../cli/shared/lock.ts'

let folder: string
let path: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flyte-lock-'))
  path = join(folder, 'a.lock')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const signal = AbortSignal.timeout(60_000)
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

it('nobody else works meanwhile', async () => {
  let working = 0
  let most = 0
  const work = async () => {
    working += 1
    most = Math.max(most, working)
    await pause(20)
    working -= 1
  }
  await Promise.all(Array.from({ length: 5 }, () => withLock({ path, signal }, work)))
  expect(most).toBe(1)
})

it('a failure is that of everybody who waited, and nobody else’s', async () => {
  const failing = withLock({ path, signal }, async () => {
    await pause(300)
    throw new CommandError('denied', 'No.')
  })
  await pause(50)
  let worked = 0
  const work = async () => {
    worked += 1
  }
  const waiting = [withLock({ path, signal }, work), withLock({ path, signal }, work)]
  const outcomes = await Promise.allSettled([failing, ...waiting])
  expect(outcomes.map((one) => one.status === 'rejected' && one.reason.reason)).toEqual([
    'denied',
    'denied',
    'denied',
  ])
  await withLock({ path, signal }, work)
  expect(worked).toBe(1)
})

it('an interruption is nobody else’s: the next one goes on', async () => {
  const interrupted = withLock({ path, signal }, async () => {
    await pause(200)
    throw new CommandError('interrupted', 'Interrupted.')
  })
  await pause(50)
  const waiting = withLock({ path, signal }, async () => 'worked')
  await expect(interrupted).rejects.toMatchObject({ reason: 'interrupted' })
  expect(await waiting).toBe('worked')
})

it('another error is nobody else’s', async () => {
  const failing = withLock({ path, signal }, async () => {
    await pause(200)
    throw new TypeError('a bug')
  })
  await pause(50)
  const waiting = withLock({ path, signal }, async () => 'worked')
  await expect(failing).rejects.toThrow(TypeError)
  expect(await waiting).toBe('worked')
})

it('waiting is told once, and ends with its signal', async () => {
  let told = 0
  let release = () => {}
  const holding = new Promise<void>((resolve) => {
    release = resolve
  })
  const held = withLock({ path, signal }, () => holding)
  await pause(50)
  const soon = AbortSignal.timeout(400)
  const onWait = () => {
    told += 1
  }
  const waiting = withLock({ path, signal: soon, onWait }, async () => 'worked')
  await expect(waiting).rejects.toMatchObject({ name: 'TimeoutError' })
  expect(told).toBe(1)
  release()
  await held
})

it('a holder that was killed is not waited for', async () => {
  const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'])
  const holder = JSON.stringify({ id: 'gone', pid: child.pid, host: hostname() })
  await writeFile(path, holder)
  child.kill('SIGKILL')
  await new Promise((resolve) => child.once('exit', resolve))
  const works = Array.from({ length: 4 }, (_, index) => withLock({ path, signal }, async () => index))
  expect(await Promise.all(works)).toEqual([0, 1, 2, 3])
  expect(await readdir(folder)).toEqual([])
})

it('a holder on another machine is waited for until it is silent for a minute', async () => {
  await writeFile(path, JSON.stringify({ id: 'far', pid: 1, host: 'another-machine' }))
  const soon = AbortSignal.timeout(300)
  await expect(withLock({ path, signal: soon }, async () => 'worked')).rejects.toMatchObject({
    name: 'TimeoutError',
  })
  const longAgo = new Date(Date.now() - 61_000)
  await utimes(path, longAgo, longAgo)
  expect(await withLock({ path, signal }, async () => 'worked')).toBe('worked')
})

it('half a lock, and a guard that was left behind, stop nobody for good', async () => {
  for (const text of ['', '{', 'null', '5']) {
    await writeFile(path, text)
    const soon = AbortSignal.timeout(300)
    await expect(withLock({ path, signal: soon }, async () => 'worked')).rejects.toMatchObject({
      name: 'TimeoutError',
    })
    await writeFile(`${path}.guard`, '')
    const longAgo = new Date(Date.now() - 61_000)
    await Promise.all([path, `${path}.guard`].map((file) => utimes(file, longAgo, longAgo)))
    expect(await withLock({ path, signal }, async () => 'worked')).toBe('worked')
  }
})
