/** `npm start` and `npm run token`, as a person runs them. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { get, request } from 'node:https'
import { join } from 'node:path'
import { decodeJwt } from 'jose'
import { afterEach, describe, expect, it } from 'vitest'
import { PROJECT_DIRECTORY } from '../../local/synthesis.ts'
import { freePort } from './support/ports.ts'

interface Command {
  readonly child: ChildProcess
  readonly output: () => string
  readonly exit: Promise<number | null>
}

const running: Command[] = []
afterEach(async () => {
  for (const { child, exit } of running.splice(0)) {
    child.kill('SIGKILL')
    await exit
  }
})

function run(script: string, ...args: string[]): Command {
  const child = spawn(process.execPath, [join('bin', script), ...args], { cwd: PROJECT_DIRECTORY })
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data) => {
      text += data
    })
  const command = {
    child,
    output: () => text,
    exit: once(child, 'close').then(([code]) => code as number | null),
  }
  running.push(command)
  return command
}

async function result(script: string, ...args: string[]): Promise<{ code: number | null; output: string }> {
  const command = run(script, ...args)
  return { code: await command.exit, output: command.output() }
}

async function ready(command: Command): Promise<void> {
  await expect.poll(command.output, { timeout: 60_000 }).toContain('Flyte is ready at')
}

describe('npm start', () => {
  it('shows where everything is, answers at once, gives tokens, and stops on Ctrl-C', async () => {
    const port = await freePort()
    const stack = run('local.ts', '--port', String(port))
    await ready(stack)
    expect((await fetch(`http://localhost:${port}/readyz`)).status).toBe(200)
    for (const text of [
      `http://localhost:${port}/v2`,
      `http://localhost:${port + 1}`,
      'Ada Lovelace',
      'Grace Hopper',
      'CreateRun',
      'ListRuns',
    ]) {
      expect(stack.output()).toContain(text)
    }

    const person = await result('local-token.ts', 'ada', '--port', String(port))
    expect(person.code).toBe(0)
    expect(decodeJwt(person.output.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({
      sub: 'ada',
      aud: `http://localhost:${port}`,
    })
    const service = await result('local-token.ts', '--client', 'reporter', '--port', String(port))
    expect(decodeJwt(service.output.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({ sub: 'reporter' })

    const second = await result('local.ts', '--port', String(port))
    expect(second.code).toBe(1)
    expect(second.output).toMatch(new RegExp(`Port ${port} is taken; .*--port`))
    expect(second.output).not.toMatch(/^\s+at /m)

    stack.child.kill('SIGINT')
    expect(await stack.exit).toBe(0)
    await expect(fetch(`http://localhost:${port}/readyz`)).rejects.toThrow()
  }, 90_000)

  it('the commands that it shows work when they are pasted', async () => {
    const port = await freePort()
    const stack = run('local.ts', '--port', String(port))
    await ready(stack)
    const token = (await result('local-token.ts', 'ada', '--port', String(port))).output.trim()
    const bodies = [...stack.output().matchAll(/RunService\/(\w+)[\s\S]*?-d '([^']+)'/g)]
    expect(bodies.map(([, method]) => method)).toEqual(['CreateRun', 'ListRuns'])
    const answers: unknown[] = []
    for (const [, method, body = ''] of bodies) {
      const response = await fetch(`http://localhost:${port}/flyteidl2.workflow.RunService/${method}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body,
      })
      answers.push(await response.json())
    }
    const madeByAda = {
      action: {
        metadata: { executedBy: { user: { id: { subject: 'ada' }, spec: { email: 'ada@example.com' } } } },
      },
    }
    expect(answers).toMatchObject([{ run: madeByAda }, { runs: [madeByAda] }])
    stack.child.kill('SIGTERM')
    expect(await stack.exit).toBe(0)
  }, 90_000)

  it('serves https with an authority whose path it shows', async () => {
    const port = await freePort()
    const stack = run('local.ts', '--tls', '--port', String(port))
    await ready(stack)
    const [, file = ''] = /Trust this CA\s+(\S+)/.exec(stack.output()) ?? []
    const ca = await readFile(file, 'utf8')
    const [response] = await once(
      get(`https://localhost:${port}/.well-known/oauth-protected-resource`, { ca }),
      'response',
    )
    response.setEncoding('utf8')
    const document = JSON.parse((await response.toArray()).join(''))
    expect(document).toMatchObject({ resource: `https://localhost:${port}` })
    const token = await result('local-token.ts', 'grace', '--port', String(port))
    expect(decodeJwt(token.output.trim())).toMatchObject({ sub: 'grace', aud: `https://localhost:${port}` })
  }, 90_000)

  it('is its own authorization server where it is asked to be, over https too', async () => {
    const port = await freePort()
    const url = `https://localhost:${port}`
    const stack = run('local.ts', '--self', '--tls', '--port', String(port))
    await ready(stack)
    const person = await result('local-token.ts', 'ada', '--port', String(port))
    expect(decodeJwt(person.output.trim())).toMatchObject({ iss: url, aud: url, sub: 'ada' })
    const [, secret = ''] =
      /-u flytepropeller:(\S+) -d grant_type=client_credentials/.exec(stack.output()) ?? []
    const [, file = ''] = /--cacert (\S+)/.exec(stack.output()) ?? []
    const basic = Buffer.from(`flytepropeller:${secret}`).toString('base64')
    const headers = {
      authorization: `Basic ${basic}`,
      'content-type': 'application/x-www-form-urlencoded',
    }
    const asking = request(`${url}/oauth2/token`, { method: 'POST', headers, ca: await readFile(file) })
    asking.end('grant_type=client_credentials')
    const [response] = await once(asking, 'response')
    response.setEncoding('utf8')
    const { access_token: token } = JSON.parse((await response.toArray()).join(''))
    expect(decodeJwt(token)).toMatchObject({ iss: url, sub: 'flytepropeller' })
    expect(stack.output()).toContain(`${url}/device`)
  }, 90_000)

  it('stops cleanly when it is interrupted before it is up', async () => {
    const stack = run('local.ts', '--port', String(await freePort()))
    await expect.poll(stack.output, { timeout: 30_000 }).toContain('Starting')
    stack.child.kill('SIGINT')
    expect(await stack.exit).toBe(0)
  }, 90_000)

  const refusals: [string, string[], RegExp][] = [
    ['an option it does not know', ['--prot', '1'], /--prot.*See --help/],
    ['a port that is none', ['--port', 'eighty'], /--port takes a number/],
    ['an empty data folder', ['--data', ''], /--data takes a value/],
    ['a provider that is no URL', ['--provider', 'id.example.com'], /--provider takes the URL of an issuer/],
    ['a provider without a client', ['--provider', 'https://id.example.com'], /--provider needs --client-id/],
  ]
  for (const [what, args, sentence] of refusals) {
    it(`refuses ${what} in one sentence`, async () => {
      const { code, output } = await result('local.ts', ...args)
      expect(code).toBe(1)
      expect(output).toMatch(sentence)
      expect(output.trim().split('\n')).toHaveLength(1)
    })
  }

  it('explains itself', async () => {
    expect(await result('local.ts', '--help')).toMatchObject({
      code: 0,
      output: expect.stringContaining('--data DIR'),
    })
  })
})

describe('npm run token', () => {
  const refusals: [string, string[], RegExp][] = [
    ['nobody', [], /Name one person/],
    ['two people', ['ada', 'grace'], /Name one person/],
    ['a person and a service', ['ada', '--client', 'reporter'], /Name one person/],
    ['a person nobody knows', ['mallory'], /There is no such person/],
    ['a service nobody knows', ['--client', 'other'], /There is no such service/],
    ['a port where nobody listens', ['ada', '--port', '1'], /No stack answers on port 1; start one/],
  ]
  for (const [what, args, sentence] of refusals) {
    it(`refuses ${what} in one sentence`, async () => {
      const { code, output } = await result('local-token.ts', ...args)
      expect(code).toBe(1)
      expect(output).toMatch(sentence)
      expect(output.trim().split('\n')).toHaveLength(1)
    })
  }
})
