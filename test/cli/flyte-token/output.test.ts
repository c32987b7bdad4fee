/** What leaves the command, and what happens where it cannot. */
import { spawn } from 'node:child_process'
import { expect, it } from 'vitest'
import { printed } from '../../../cli/flyte-token/output.ts'
import { COMMAND } from './support/laptop.ts'

it('a text that nobody took is a failure, and said so', async () => {
  const child = spawn(process.execPath, [COMMAND, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] })
  child.stdout.destroy()
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk
  })
  const status = await new Promise((resolve) => child.once('close', resolve))
  expect({ status, said }).toEqual({ status: 1, said: 'Standard output could not be written to.\n' })
})

it('a name in a token gives a terminal no orders', () => {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const name = 'Zoë \u001b[2J \u009b2J \u202egnp'
  const token = `${encode({ alg: 'RS256' })}.${encode({ name })}.c2ln`
  const obtained = { token, expiresAtEpochSeconds: undefined, subject: name, from: 'cache' as const }
  for (const as of ['json', 'decoded'] as const) {
    const text = printed(obtained, { as })
    expect(text).toContain('Zoë \\u001b[2J \\u009b2J \\u202egnp')
    expect(JSON.parse(text)).toMatchObject(as === 'json' ? { subject: name } : { claims: { name } })
  }
})
