// Runs in a fresh process: imports a bundle, answers one event, prints how long that took in milliseconds.
// Argument: a JSON file with { bundle, event, status }: the status that the answer has to have.
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

const { bundle, event, status } = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const startedMs = performance.now()
const { handler } = await import(pathToFileURL(bundle).href)
const result = await handler(event, { awsRequestId: 'bench' })
const tookMs = performance.now() - startedMs
if (result.statusCode !== status) {
  process.stderr.write(`answered ${result.statusCode}: ${result.body}\n`)
  process.exit(1)
}
process.stdout.write(`\nTOOK ${tookMs}\n`)
process.exit(0)
