/**
 * One at a time, across processes of one user: who comes second waits for the first, and if the first fails, fails
 * with it instead of asking the same person the same question again.
 *
 * ```
 *  absent ──create, exclusively──► held ──remove──► absent
 *                                   │ holder fails: its sentence is left beside the lock, under the holder's id
 *                                   │ holder is gone: removed under a guard, which only one waiter can create
 * ```
 */
import { randomBytes } from 'node:crypto'
import { readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { CommandError, type FailureReason, systemCode } from './failure.ts'
import { makePrivateDirectory, readPrivateFile, writePrivateFile } from './private-files.ts'

export interface LockOptions {
  /** The lock is this file; its folder is made. */
  readonly path: string
  /** Ends the waiting, with its reason. */
  readonly signal: AbortSignal
  /** Told once, when somebody else holds it. */
  readonly onWait?: () => void
}

interface Holder {
  readonly id: string
  readonly pid: number
  readonly host: string
}

const POLL_MS = 100
const BEAT_MS = 2_000
/** A holder that has not been heard of for so long is gone, wherever it ran. */
const SILENT_MS = 60_000
/** Looking at a lock and removing it takes no time; a guard older than this was left behind. */
const GUARD_MS = 10_000

/**
 * Runs `work` while nobody else does with the same lock.
 *
 * @throws {CommandError} that of the holder it waited for, if that one failed; the signal's reason; whatever `work`
 *   throws.
 */
export async function withLock<T>(options: LockOptions, work: () => Promise<T>): Promise<T> {
  const release = await acquire(options)
  try {
    const result = await work()
    await release()
    return result
  } catch (error) {
    await release(error)
    throw error
  }
}

type Release = (failure?: unknown) => Promise<void>

async function acquire({ path, signal, onWait }: LockOptions): Promise<Release> {
  await makePrivateDirectory(dirname(path))
  const me: Holder = { id: randomBytes(12).toString('hex'), pid: process.pid, host: hostname() }
  let waited = false
  let waitedFor: string | undefined
  for (;;) {
    if (waitedFor !== undefined) await shareFailure(path, waitedFor)
    if (await createExclusively(path, JSON.stringify(me))) return hold(path, me)
    const holder = await readHolder(path)
    if (!waited) onWait?.()
    waited = true
    waitedFor = holder?.id ?? waitedFor
    if (await isGone(path, holder)) await removeLeftOver(path, holder)
    await delay(POLL_MS, undefined, { signal }).catch(() => signal.throwIfAborted())
  }
}

function hold(path: string, me: Holder): Release {
  const beat = setInterval(() => {
    const now = new Date()
    utimes(path, now, now).catch(() => undefined)
  }, BEAT_MS)
  beat.unref()
  return async (failure) => {
    clearInterval(beat)
    // Whoever was interrupted has failed at nothing: the next one tries.
    if (failure instanceof CommandError && failure.reason !== 'interrupted') {
      const text = JSON.stringify({ id: me.id, reason: failure.reason, sentence: failure.message })
      await writePrivateFile(failurePath(path), text).catch(() => undefined)
    }
    if ((await readHolder(path))?.id === me.id) await rm(path, { force: true })
  }
}

const failurePath = (path: string): string => `${path}.failed`

/** @throws {CommandError} if the one that was waited for failed. */
async function shareFailure(path: string, id: string): Promise<void> {
  const left = parse<{ id: string; reason: FailureReason; sentence: string }>(
    await readPrivateFile(failurePath(path)),
  )
  if (left?.id === id) throw new CommandError(left.reason, left.sentence)
}

async function createExclusively(path: string, text: string): Promise<boolean> {
  try {
    await writeFile(path, text, { flag: 'wx', mode: 0o600 })
    return true
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false
    throw new CommandError('store_unusable', 'The folder for tokens cannot be written to.', { cause: error })
  }
}

async function readHolder(path: string): Promise<Holder | undefined> {
  return parse<Holder>(await readFile(path, 'utf8').catch(() => undefined))
}

async function isGone(path: string, holder: Holder | undefined): Promise<boolean> {
  const facts = await stat(path).catch(() => undefined)
  if (facts === undefined) return false
  if (Date.now() - facts.mtimeMs > SILENT_MS) return true
  return holder !== undefined && holder.host === hostname() && !isRunning(holder.pid)
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return systemCode(error) === 'EPERM'
  }
}

/** Removes the lock of one that is gone, and never the one that another waiter has taken since. */
async function removeLeftOver(path: string, gone: Holder | undefined): Promise<void> {
  const guard = `${path}.guard`
  const guardFacts = await stat(guard).catch(() => undefined)
  if (guardFacts !== undefined && Date.now() - guardFacts.mtimeMs > GUARD_MS) await rm(guard, { force: true })
  if (!(await createExclusively(guard, ''))) return
  try {
    const holder = await readHolder(path)
    if (holder?.id === gone?.id) await rm(path, { force: true })
  } finally {
    await rm(guard, { force: true })
  }
}

function parse<T>(text: string | undefined): T | undefined {
  try {
    return text === undefined || text === '' ? undefined : ((JSON.parse(text) as T | null) ?? undefined)
  } catch {
    return undefined
  }
}
