/** One execution environment of a function: a process with its bundle, its variables and nothing else. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type Answer, startRuntimeApi } from './runtime-api.ts'
import type { FunctionDefinition, InvocationResult, LogLine } from './types.ts'

/** How long a function may take to load, in milliseconds: as in AWS. */
const INIT_TIMEOUT_MS = 10_000

const BOOTSTRAP = fileURLToPath(new URL('./bootstrap.mjs', import.meta.url))

export interface FunctionProcess {
  /** False once it crashed, timed out or was stopped; it takes no more events then. */
  readonly isAlive: () => boolean
  /** Resolves when the code is loaded, or when that failed. */
  readonly loaded: Promise<void>
  /** Invokes the handler. One call at a time. Never rejects. */
  invoke(event: unknown): Promise<InvocationResult>
  stop(): Promise<void>
}

/**
 * Starts a process for a function. It inherits nothing from this process: its environment is the
 * template's, the variables that Lambda reserves, and `platform`.
 */
export async function startFunctionProcess(options: {
  definition: FunctionDefinition
  platform: Readonly<Record<string, string>>
  log: LogLine
}): Promise<FunctionProcess> {
  const { definition, platform, log } = options
  const api = await startRuntimeApi({ functionArn: definition.arn })
  const child = spawn(process.execPath, [`--max-old-space-size=${definition.memoryMb}`, BOOTSTRAP], {
    cwd: definition.directory,
    env: { ...reservedVariables(definition, api.address), ...platform, ...definition.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  forwardLines(child, (line) => log(definition.name, line))
  let alive = true
  const gone = new Promise<'gone'>((resolve) => {
    const end = () => {
      alive = false
      resolve('gone')
      void api.close()
    }
    child.once('exit', end).once('error', end)
  })
  const stop = async (): Promise<void> => {
    alive = false
    child.kill('SIGKILL')
    await gone
  }
  const loaded = within(INIT_TIMEOUT_MS, Promise.race([api.ready, gone])).then((outcome) => {
    if (outcome === 'timeout') return stop()
  })
  return {
    isAlive: () => alive,
    loaded,
    stop,
    async invoke(event) {
      await loaded
      if (!alive) return { error: 'error' }
      const exchange = api.exchange(event, Date.now() + definition.timeoutMs)
      const outcome = await within<Answer | 'gone'>(definition.timeoutMs, Promise.race([exchange, gone]))
      if (outcome === 'timeout') {
        log(definition.name, `Task timed out after ${(definition.timeoutMs / 1000).toFixed(2)} seconds`)
        await stop()
        return { error: 'timeout' }
      }
      return outcome === 'gone' || outcome === undefined ? { error: 'error' } : outcome
    },
  }
}

/** The variables that Lambda sets itself. The credentials open nothing: they are the local stack's. */
function reservedVariables(definition: FunctionDefinition, runtimeApi: string): Record<string, string> {
  return {
    TZ: ':UTC',
    LANG: 'en_US.UTF-8',
    _HANDLER: definition.handler,
    LAMBDA_TASK_ROOT: definition.directory,
    AWS_LAMBDA_RUNTIME_API: runtimeApi,
    AWS_LAMBDA_FUNCTION_NAME: definition.name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(definition.memoryMb),
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${definition.name}`,
    AWS_LAMBDA_LOG_STREAM_NAME: 'local',
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    // Without these the SDK would read the developer's own files.
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  }
}

function forwardLines(child: ChildProcess, write: (line: string) => void): void {
  for (const stream of [child.stdout, child.stderr]) {
    if (stream !== null) createInterface({ input: stream }).on('line', write)
  }
}

async function within<T>(timeoutMs: number, promise: Promise<T>): Promise<T | 'timeout'> {
  const abort = new AbortController()
  const timer = new Promise<'timeout'>((resolve) => {
    const handle = setTimeout(() => resolve('timeout'), timeoutMs)
    void once(abort.signal, 'abort').then(() => clearTimeout(handle))
  })
  try {
    return await Promise.race([promise, timer])
  } finally {
    abort.abort()
  }
}
