/** Runs: started, read, waited for and aborted by people and services. */
import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Stack, startStack } from '../../local/stack.ts'
import { createSdk, DOMAIN, json, type Outcome, PROJECT, type Sdk } from './support/sdk.ts'

let stack: Stack
let sdk: Sdk
let configs: { ada: string; grace: string }
/** How each upload of inputs was answered. */
let uploads: number[] = []

beforeAll(async () => {
  stack = await startStack({
    port: 0,
    tls: true,
    onRequest: ({ path, status }) => {
      if (path === '/flyteidl2.dataproxy.DataProxyService/UploadInputs') uploads.push(status)
    },
  })
  sdk = await createSdk(stack)
  configs = { ada: await sdk.configureAs('ada'), grace: await sdk.configureAs('grace') }
  expect((await start('ada', 'of-ada', LISTED)).status).toBe(0)
  expect((await start('grace', 'of-grace', { ...LISTED, label: 'team=vision' })).status).toBe(0)
})
afterAll(async () => {
  await sdk?.dispose()
  await stack?.close()
})

type Person = keyof typeof configs

/** Where the two runs are that are listed: the other ones are not in their way. */
const LISTED = { domain: 'staging' }

const flyte = (person: Person, ...args: string[]): Promise<Outcome> =>
  sdk.flyte(['--config', configs[person], '-of', 'json-raw', ...args])
/** Runs a task with somebody's code: uploads it, uploads the inputs, and creates the run. */
const start = (person: Person, name: string, options: Readonly<Record<string, string>> = {}) => {
  const more = Object.entries(options).flatMap(([option, value]) => [`--${option}`, value])
  return flyte(person, 'run', '--name', name, ...more, 'tasks.py', 'greet', '--name', person)
}

interface Listed {
  readonly action: { readonly id: { readonly run: { readonly name: string } } }
}
/** The names of the runs that `flyte get run` lists, in its order. */
async function list(person: Person, ...filters: string[]): Promise<string[]> {
  const runs = json(await flyte(person, 'get', 'run', '--domain', LISTED.domain, ...filters)) as Listed[]
  return runs.map(({ action }) => action.id.run.name)
}

describe('a run', () => {
  it('is started with the code and the inputs on this laptop', async () => {
    const args = ['--config', configs.ada, 'run', 'tasks.py', 'greet', '--name', 'you', '--times', '3']
    const { status, text } = await sdk.flyte(args)
    expect(status).toBe(0)
    const [, name = '', url = ''] = /Created Run: (\S+) .*?(https:\S+)/.exec(text) ?? []
    expect(url).toBe(`${stack.url}/v2/domain/${DOMAIN}/project/${PROJECT}/runs/${name}`)
    const io = await flyte('grace', 'get', 'io', name)
    expect(io.text).toContain("{'name': 'you', 'times': 3}")
  })

  it('says who started it, by name and e-mail', async () => {
    const { status, text } = await flyte('ada', 'get', 'run', '--domain', 'staging', 'of-grace')
    expect(status).toBe(0)
    expect(text).toMatch(/'executedBy': \{ 'user': \{ 'id': \{'subject': 'grace'\}/)
    expect(text).toContain("'lastName': 'Hopper', 'email': 'grace@example.com'")
    expect(text).toContain("'phase': 'ACTION_PHASE_QUEUED'")
  })

  it('has one action from the start', async () => {
    const actions = json(await flyte('ada', 'get', 'action', '--domain', 'staging', 'of-ada'))
    expect(actions).toMatchObject([{ id: { run: { name: 'of-ada' }, name: 'a0' } }])
    const { text } = await flyte('ada', 'get', 'action', '--domain', 'staging', 'of-ada', 'a0')
    expect(text).toContain("'image': 'python:3.12-slim'")
  })

  it('is not there under another name', async () => {
    const { status, text } = await flyte('ada', 'get', 'run', 'nowhere')
    expect(status).toBe(1)
    expect(text).toContain('There is no such run.')
  })

  it('has a name of its own', async () => {
    const { status, text } = await start('ada', 'of-grace', LISTED)
    expect(status).toBe(1)
    expect(text).toContain("A run with the name 'of-grace' already exists.")
  })
})

describe('runs', () => {
  const filters: [what: string, filters: string[], names: string[]][] = [
    ['those of everybody', [], ['of-ada', 'of-grace']],
    ['mine only', ['--only-mine'], ['of-ada']],
    ['of one task', ['--task-name', 'greetings.greet'], ['of-ada', 'of-grace']],
    ['of a task that nobody ran', ['--task-name', 'greetings.count'], []],
    ['in a phase', ['--in-phase', 'queued'], ['of-ada', 'of-grace']],
    ['in a phase that none is in', ['--in-phase', 'succeeded'], []],
    ['of a phase with a number of two digits', ['--in-phase', 'recovered'], []],
    ['with a label', ['--with-label', 'team=vision'], ['of-grace']],
    ['with a label of another value', ['--with-label', 'team=sound'], []],
    ['with any value of a label', ['--with-label-key', 'team'], ['of-grace']],
    ['since this year', ['--created-after', '2020-01-01'], ['of-ada', 'of-grace']],
    ['before any were made', ['--created-before', '2020-01-01'], []],
    ['no more than asked for', ['--limit', '1'], ['of-ada']],
  ]
  for (const [what, args, names] of filters) {
    it(`are listed: ${what}`, async () => {
      expect(await list('ada', ...args)).toEqual(names)
    })
  }
})

describe('running again', () => {
  beforeAll(async () => {
    expect((await start('ada', 'original')).status).toBe(0)
  })

  it('takes the code and the inputs of the run, and is one’s own', async () => {
    const again = await flyte('grace', 'rerun', 'original', '--name', 'again')
    expect(again.text).toContain('Created Run: again')
    const details = await flyte('ada', 'get', 'run', 'again')
    expect(details.text).toContain("'email': 'grace@example.com'")
    expect(details.text).toContain("'relatedTo'")
    expect((await flyte('ada', 'get', 'io', 'again')).text).toContain("{'name': 'ada', 'times': 2}")
  })

  it('takes other inputs where they are given', async () => {
    await flyte('ada', 'rerun', 'original', '--name', 'again-louder', '--times', '5')
    expect((await flyte('ada', 'get', 'io', 'again-louder')).text).toContain("{'name': 'ada', 'times': 5}")
  })

  it('needs a run that is there', async () => {
    const { text } = await flyte('ada', 'rerun', 'nowhere')
    expect(text).toContain('There is no such run.')
  })
})

describe('a deployed task', () => {
  it('is run by its name, in its newest version', async () => {
    expect((await flyte('ada', 'deploy', 'tasks.py', 'env')).status).toBe(0)
    const args = ['run', '--name', 'deployed', 'deployed-task', 'greetings.greet', '--name', 'all']
    expect((await flyte('grace', ...args)).text).toContain('Created Run: deployed')
    expect((await flyte('ada', 'get', 'io', 'deployed')).text).toContain("{'name': 'all', 'times': 2}")
  })
})

describe('a large input', () => {
  const run = (bytes: number, kind: 'random' | 'alike') =>
    sdk.python('large_input.py', [configs.ada, String(bytes), kind])
  const nameOf = ({ text }: Outcome) => /started (\S+)/.exec(text)?.[1] ?? ''

  it('of 2 MB is taken if it compresses to less than the load balancer’s 1 MB', async () => {
    const outcome = await run(2_000_000, 'alike')
    expect(outcome.status).toBe(0)
    expect((await flyte('ada', 'get', 'io', nameOf(outcome))).text).toContain('aaaaaaaa')
  })

  it('of 2 MB that does not is refused once, with what to do about it, and no run is made', async () => {
    const names = async () => json(await flyte('ada', 'get', 'run'))
    const before = await names()
    uploads = []
    const outcome = await run(2_000_000, 'random')
    expect(outcome.status).toBe(1)
    expect(outcome.text).toContain(
      'Failed to create run: The request is larger than the load balancer passes on',
    )
    expect(outcome.text).toContain('Put large data into the bucket')
    expect(uploads).toEqual([400])
    expect(await names()).toEqual(before)
  })

  it('of 2 MB is taken as a file, which goes to the bucket by a link', async () => {
    const file = join(sdk.home, 'large ü (1).bin')
    await writeFile(file, randomBytes(2_000_000))
    const { status } = await flyte('ada', 'run', '--name', 'weighed', 'tasks.py', 'weigh', '--file', file)
    expect(status).toBe(0)
    const { text } = await flyte('ada', 'get', 'io', 'weighed')
    expect(text).toMatch(/s3:\/\/\S+large ü \(1\)\.bin/)
  })

  it('that can be sent and not be fetched is said to be too large, and how large', async () => {
    const outcome = await run(1_000_000, 'random')
    expect(outcome.status).toBe(0)
    const io = await flyte('ada', 'get', 'io', nameOf(outcome))
    expect(io.status).toBe(1)
    expect(io.text).toContain('It is 1.0 MB of data, and the load balancer passes on 1 MB.')
  })
})

describe('waiting for a run', () => {
  it('ends when somebody aborts it', async () => {
    await start('ada', 'waited-for')
    const abort = { outcome: undefined as Promise<Outcome> | undefined }
    const waited = await sdk.python('wait.py', [configs.ada, 'waited-for'], {
      onOutput: (text) => {
        if (text.includes('waiting')) abort.outcome ??= flyte('grace', 'abort', 'run', 'waited-for')
      },
    })
    expect((await abort.outcome)?.text).toContain("Run 'waited-for' has been aborted.")
    expect(waited.text).toContain('ended aborted')
    expect(waited.status).toBe(0)
  })
})

describe('aborting', () => {
  it('a run that is not there is refused', async () => {
    const { status, text } = await flyte('ada', 'abort', 'run', 'nowhere')
    expect(status).toBe(1)
    expect(text).toContain('There is no such run.')
  })

  it('an action ends it', async () => {
    await start('ada', 'aborted-action')
    expect((await flyte('ada', 'abort', 'action', 'aborted-action', 'a0')).status).toBe(0)
    const { text } = await flyte('ada', 'get', 'action', 'aborted-action', 'a0')
    expect(text).toContain("'phase': 'ACTION_PHASE_ABORTED'")
  })
})
