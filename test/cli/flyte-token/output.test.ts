/** What leaves the command, and what happens where it cannot. */
import { spawn } from 'node:child_process'
import { expect, it } from 'vitest'
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
