#!/usr/bin/env node
/** `npx flyte-token`: a token for Flyte, or for the identity-aware proxy in front of it. */
import { flyteToken } from '../cli/flyte-token/main.ts'

const interruption = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => interruption.abort())

// Told below, by the callback of the last write.
process.stdout.on('error', () => undefined)

const status = await flyteToken({
  argv: process.argv.slice(2),
  environment: process.env,
  platform: process.platform,
  out: (text) => process.stdout.write(`${text}\n`),
  say: (text) => process.stderr.write(`${text}\n`),
  interrupted: interruption.signal,
})
// Once it is written; a connection that somebody else keeps open is nothing to wait for.
process.stdout.write('', (error) => {
  if (error) process.stderr.write('Standard output could not be written to.\n')
  process.exit(error ? 1 : status)
})
