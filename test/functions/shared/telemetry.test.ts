/** What a call leaves on standard output, which is what CloudWatch gets: read from a process of its own. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '../../..')

/** Runs a script against the telemetry of a function in a fresh process; gives back each line it wrote. */
function linesOf(script: string): Record<string, unknown>[] {
  const prelude = `
    import { createTelemetry } from './functions/shared/telemetry.ts'
    import { newCall, noteFailure } from './functions/shared/call.ts'
    import { ServiceError } from './functions/shared/errors.ts'
    const telemetry = createTelemetry()
    const request = { method: 'POST', path: '/S3CRET', query: 'code=S3CRET', access: 'open', requestId: 'id-1',
      traceId: 'Root=1-67fedcba-0123456789abcdef01234567', requestIdIsCallers: true, body: Buffer.from('S3CRET'),
      headers: { authorization: ['Bearer S3CRET'], cookie: ['a=S3CRET'], 'x-request-id': ['id-1'] } }
    const response = { status: 200, headers: { 'set-cookie': 'a=S3CRET' }, body: 'S3CRET' }
  `
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', prelude + script], {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { POWERTOOLS_SERVICE_NAME: 'runs', POWERTOOLS_METRICS_NAMESPACE: 'Flyte', NODE_NO_WARNINGS: '1' },
  })
  return output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

/** `console.error` goes elsewhere: a failed call's line is on standard error in Node, and in one log in Lambda. */
const toOneStream = 'process.stderr.write = process.stdout.write.bind(process.stdout)\n'

describe('a call that was answered', () => {
  const lines = linesOf(`
    const call = newCall()
    call.operation = '/flyteidl2.workflow.RunService/CreateRun'
    call.notes.runs = 3
    telemetry.callEnded({ request, response, call, durationMs: 12.3456 })
  `)
  const [log, metric] = lines

  it('leaves one log line and one metric', () => expect(lines).toHaveLength(2))

  it('leaves what it was, how it ended and how to find it elsewhere', () => {
    expect(log).toMatchObject({
      level: 'INFO',
      service: 'runs',
      requestId: 'id-1',
      traceId: 'Root=1-67fedcba-0123456789abcdef01234567',
      access: 'open',
      method: 'POST',
      operation: '/flyteidl2.workflow.RunService/CreateRun',
      outcome: 'ok',
      status: 200,
      durationMs: 12.346,
      runs: 3,
    })
  })

  it('is counted by operation and outcome', () => {
    expect(metric).toMatchObject({
      service: 'runs',
      operation: '/flyteidl2.workflow.RunService/CreateRun',
      outcome: 'ok',
      Calls: 1,
      Duration: 12.3456,
      _aws: { CloudWatchMetrics: [{ Namespace: 'Flyte' }] },
    })
    expect(JSON.stringify(metric?._aws)).toContain('"operation","outcome"')
  })

  it('leaves nothing that was received or answered', () => {
    expect(JSON.stringify(lines)).not.toContain('S3CRET')
  })
})

describe('a call that failed', () => {
  const lines = linesOf(`${toOneStream}
    const cause = new TypeError('S3CRET\\n    at S3CRET (S3CRET:1:1)', { cause: new RangeError('S3CRET') })
    const call = newCall()
    noteFailure(call, new ServiceError('internal_error', { cause }))
    telemetry.callEnded({ request, response: { ...response, status: 500 }, call, durationMs: 1 })
  `)

  it('leaves its reason and the names of what was underneath, with their places', () => {
    const log = lines.find((line) => 'level' in line)
    expect(log).toMatchObject({ level: 'ERROR', outcome: 'internal_error', status: 500 })
    expect(log?.causes).toEqual([
      expect.stringMatching(/^TypeError at .+:\d+/),
      expect.stringMatching(/^RangeError at .+:\d+/),
    ])
  })

  it('is counted under its reason', () => {
    expect(lines.find((line) => 'Calls' in line)).toMatchObject({
      operation: 'none',
      outcome: 'internal_error',
    })
  })

  it('leaves nothing of their texts, not even a line that looks like a place', () => {
    expect(JSON.stringify(lines)).not.toContain('S3CRET')
  })
})

describe('two calls of one process', () => {
  it('do not leave each other’s facts', () => {
    const lines = linesOf(`
      for (const outcome of ['run_not_found', 'run_exists']) {
        const call = newCall()
        call.notes[outcome] = true
        noteFailure(call, new ServiceError(outcome))
        telemetry.callEnded({ request, response: { ...response, status: 404 }, call, durationMs: 1 })
      }
    `)
    expect(lines).toHaveLength(4)
    const last = JSON.stringify(lines.slice(2))
    expect(last).not.toContain('run_not_found')
    expect(last).toContain('run_exists')
  })
})

describe('a call that could not be read', () => {
  it('still leaves its line', () => {
    const [log] = linesOf(`
      const call = newCall()
      noteFailure(call, new ServiceError('request_malformed'))
      telemetry.callEnded({ request: undefined, response: { ...response, status: 400 }, call, durationMs: 1 })
    `)
    expect(log).toMatchObject({ outcome: 'request_malformed', status: 400 })
  })

  it('does not leave a method that nobody knows', () => {
    const lines = linesOf(`
      telemetry.callEnded({ request: { ...request, method: 'S3CRET' }, response, call: newCall(), durationMs: 1 })
    `)
    expect(lines[0]).toMatchObject({ method: 'other' })
    expect(JSON.stringify(lines)).not.toContain('S3CRET')
  })
})
