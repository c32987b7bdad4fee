/** `npm run provider:check -- ISSUER`: what of an identity provider works, and what must change. */
import { providerCheck } from '../cli/provider-check/main.ts'

process.exitCode = await providerCheck(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
  nowMs: Date.now,
})
