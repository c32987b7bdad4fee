/** The execution environments of one function: started when they are needed, used again, replaced when they die. */
import { type FunctionProcess, startFunctionProcess } from './function-process.ts'
import type { FunctionDefinition, InvocationResult, LogLine } from './types.ts'

/** How many processes of one function may run at once, unless the template reserves fewer. */
const DEFAULT_MAX_PROCESSES = 4
/** How many events may wait for a process; beyond it the function is throttled, as it would be in AWS. */
const MAX_WAITING = 256

export interface FunctionPool {
  readonly definition: FunctionDefinition
  /** Invokes the function in a free process, or in a new one, or in the next that gets free. Never rejects. */
  invoke(event: unknown): Promise<InvocationResult>
  /** Starts one process ahead of the first event. */
  warm(): Promise<void>
  close(): Promise<void>
}

export interface PoolOptions {
  readonly definition: FunctionDefinition
  /** Variables beside the template's: endpoints of the AWS services, credentials, the way out. */
  readonly platform: Readonly<Record<string, string>>
  readonly log: LogLine
  readonly maxProcesses?: number
}

/** Makes the pool of one function; no process is started yet. */
export function createFunctionPool(options: PoolOptions): FunctionPool {
  const { definition } = options
  const limit = Math.min(
    options.maxProcesses ?? DEFAULT_MAX_PROCESSES,
    definition.reservedConcurrency ?? Number.POSITIVE_INFINITY,
  )
  const all = new Set<FunctionProcess>()
  const idle: FunctionProcess[] = []
  const waiting: ((process: FunctionProcess | undefined) => void)[] = []
  let starting = 0
  let closed = false

  const start = async (): Promise<FunctionProcess> => {
    starting += 1
    try {
      const started = await startFunctionProcess(options)
      all.add(started)
      // A stop that came while the process was being started has not seen it.
      if (closed) await started.stop()
      return started
    } finally {
      starting -= 1
    }
  }

  const take = async (): Promise<FunctionProcess | undefined> => {
    // The most recently used one: what is warm stays warm.
    for (let free = idle.pop(); free !== undefined; free = idle.pop()) {
      if (free.isAlive()) return free
      all.delete(free)
    }
    if (all.size + starting < limit) return start()
    return new Promise((resolve) => waiting.push(resolve))
  }

  const giveBack = async (used: FunctionProcess): Promise<void> => {
    if (!used.isAlive()) all.delete(used)
    const next = waiting.shift()
    if (next === undefined) {
      if (used.isAlive()) idle.push(used)
      return
    }
    next(used.isAlive() ? used : await start())
  }

  return {
    definition,
    async invoke(event) {
      if (closed) return { error: 'error' }
      if (waiting.length >= MAX_WAITING || limit === 0) return { error: 'throttled' }
      const free = await take()
      if (free === undefined) return { error: 'error' }
      const result = await free.invoke(event)
      await giveBack(free)
      return result
    },
    async warm() {
      if (closed || all.size + starting > 0) return
      const started = await start()
      await started.loaded
      await giveBack(started)
    },
    async close() {
      closed = true
      for (const leave of waiting.splice(0)) leave(undefined)
      await Promise.all([...all].map((process) => process.stop()))
    },
  }
}
