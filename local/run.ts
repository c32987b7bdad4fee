/** `npm start`: starts the stack, says what there is to see, and stops it on Ctrl-C. */
import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { AccessLogEntry } from './alb/index.ts'
import { HELP, parseStartArguments, type StartArguments } from './command-line.ts'
import { sentenceFor } from './failure.ts'
import type { LogLine } from './functions/types.ts'
import { type IdentityAwareProxy, startIdentityAwareProxy } from './identity-aware-proxy/index.ts'
import { behindProxy, PROXY_AUDIENCE } from './identity-aware-proxy/settings.ts'
import { LOOPBACK } from './listening.ts'
import { progressLine, proxyScreen, readyScreen } from './screen.ts'
import { type Stack, startStack } from './stack.ts'
import { LOCAL_DIRECTORY } from './synthesis.ts'

/**
 * Runs until it is interrupted.
 *
 * @returns the exit code: 0 after an interrupt, 1 when the stack could not start
 */
export async function runStack(argv: readonly string[]): Promise<number> {
  let port = 0
  try {
    const options = parseStartArguments(argv, process.env)
    port = options.port
    if (options.help) {
      console.log(HELP)
      return 0
    }
    const interrupted = interruption()
    const starting = start(options)
    const first = await Promise.race([starting, interrupted])
    // An interrupt while it starts: what is being started has to be there before it can be stopped.
    const stack = first === 'interrupted' ? await starting : first
    if (first !== 'interrupted') await interrupted
    console.log('\n  Stopping …')
    await stack.close()
    return 0
  } catch (error) {
    const sentence = sentenceFor(error, port)
    if (sentence === undefined) throw error
    console.error(sentence)
    return 1
  }
}

/** Nobody but this machine can reach the port: the ranges are what a deployment has to say. */
const INTERNAL = { internal: { enabled: true, protocol: 'HTTP', allowedCidrs: ['10.0.0.0/8'] } }

async function start(options: StartArguments): Promise<Stack> {
  const startedMs = performance.now()
  const show = (step: string) => console.log(progressLine(step, performance.now() - startedMs))
  const logFile = options.verbose ? undefined : join(LOCAL_DIRECTORY, 'logs', `${options.port}.log`)
  show('Starting')
  const stack = await startStack({
    port: options.port,
    tls: options.tls,
    dataDirectory: options.dataDirectory,
    provider: options.provider,
    browserAuth: options.browserAuth,
    self: options.self,
    settings: {
      ...(options.internal ? INTERNAL : {}),
      ...(options.proxyPort === undefined ? {} : behindProxy()),
    },
    onProgress: show,
    onLogLine:
      logFile === undefined ? (name, line) => console.log(`${name}  ${line}`) : await logInto(logFile),
    ...(options.verbose ? { onRequest: showRequest } : {}),
  })
  const proxy = options.proxyPort === undefined ? undefined : await putProxyBefore(stack, options.proxyPort)
  show('Ready')
  console.log(readyScreen({ stack, dataDirectory: options.dataDirectory, logFile }))
  if (proxy !== undefined) console.log(proxyScreen(proxy, stack))
  return { ...stack, close: () => Promise.all([proxy?.close(), stack.close()]).then(() => undefined) }
}

async function putProxyBefore(stack: Stack, port: number): Promise<IdentityAwareProxy> {
  const { issuer, authority, url } = stack
  const tls = url.startsWith('https:') ? await authority.issue(['localhost', LOOPBACK]) : undefined
  const jwksUri = `${issuer}/jwks`
  const audience = PROXY_AUDIENCE
  try {
    const proxy = await startIdentityAwareProxy({ port, issuer, audience, jwksUri, passesOn: 'token', tls })
    proxy.forwardTo({ url, ca: authority.certificate })
    return proxy
  } catch (error) {
    await stack.close()
    throw error
  }
}

async function logInto(file: string): Promise<LogLine> {
  await mkdir(join(file, '..'), { recursive: true })
  const stream = createWriteStream(file)
  // A log that cannot be written is no reason to stop what it is about.
  stream.on('error', () => {})
  return (name, line) => void stream.write(`${name}  ${line}\n`)
}

function showRequest({ method, path, status, errorReason, durationMs }: AccessLogEntry): void {
  console.log(
    `${method} ${path} ${status}${errorReason ? ` ${errorReason}` : ''} ${durationMs.toFixed(1)} ms`,
  )
}

/** Resolves at the first SIGINT or SIGTERM; a second one ends the process at once. */
function interruption(): Promise<'interrupted'> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve('interrupted'))
  })
}
