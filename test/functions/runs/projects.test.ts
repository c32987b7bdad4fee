import type { ProjectState } from '@flyteorg/flyteidl2/flyteidl2/project/project_service_pb.ts'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { NOW_MS } from '../../support/identity-fixture.ts'
import { type Clients, DOMAINS, type RunsFunction, startRunsFunction } from './runs-function.ts'

let service: RunsFunction
let ada: Clients
beforeAll(async () => {
  service = await startRunsFunction()
  ada = service.clients(await service.bearer('ada'))
  for (const [i, id] of ['zebra', 'apple', 'mango'].entries()) {
    service.setNow(NOW_MS + i * 1000)
    await ada.projects.createProject({ project: { id, name: `The ${id}`, description: 'a fruit?' } })
  }
  await ada.projects.updateProject({ project: { id: 'mango', name: 'The mango', state: 1 } })
  service.setNow(NOW_MS + 60_000)
})
afterEach(() => service.database.failWith(undefined))
afterAll(() => service.close())

type ListRequest = Parameters<Clients['projects']['listProjects']>[0]

async function everyId(request: ListRequest): Promise<string[]> {
  const ids: string[] = []
  let token = ''
  do {
    const { projects } = await ada.projects.listProjects({ ...request, token })
    ids.push(...(projects?.projects ?? []).map(({ id }) => id))
    token = projects?.token ?? ''
  } while (token !== '')
  return ids
}

const domains = DOMAINS.map((id) => expect.objectContaining({ id }))

describe('GetProject', () => {
  it('has a seeded project, which nobody made', async () => {
    const { project } = await ada.projects.getProject({ id: 'flytesnacks' })
    expect(project).toMatchObject({ id: 'flytesnacks', name: 'flytesnacks', state: 0, domains })
  })

  it('has a project that was made, with the domains of the deployment', async () => {
    const { project } = await ada.projects.getProject({ id: 'zebra' })
    expect(project).toMatchObject({ id: 'zebra', name: 'The zebra', description: 'a fruit?', domains })
    expect(project?.domains[0]).toMatchObject({ id: 'development', name: 'Development' })
  })

  it('says not_found for a project that there is none of', async () => {
    await expect(ada.projects.getProject({ id: 'nothing' })).rejects.toMatchObject({ code: 5 })
    expect(service.lastCall()?.outcome).toBe('project_not_found')
  })

  it('says unavailable while the database is', async () => {
    service.database.failWith(() => 'broken')
    await expect(ada.projects.getProject({ id: 'zebra' })).rejects.toMatchObject({ code: 14 })
  })
})

describe('CreateProject', () => {
  it('keeps labels, and calls a project without a name by its id', async () => {
    await ada.projects.createProject({ project: { id: 'labelled', labels: { values: { team: 'blue' } } } })
    const { project } = await ada.projects.getProject({ id: 'labelled' })
    expect(project).toMatchObject({ name: 'labelled', labels: { values: { team: 'blue' } } })
    await ada.projects.updateProject({ project: { id: 'labelled', name: 'labelled', state: 1 } })
  })

  for (const id of ['zebra', 'flytesnacks']) {
    it(`refuses the id of a project that there is: ${id}`, async () => {
      await expect(ada.projects.createProject({ project: { id } })).rejects.toMatchObject({ code: 6 })
      expect(service.lastCall()?.outcome).toBe('project_exists')
    })
  }

  it('makes one of two projects that are created at once', async () => {
    const calls = ['left', 'right'].map((name) =>
      ada.projects.createProject({ project: { id: 'raced', name } }).then(
        () => name,
        (error: { code: number }) => error.code,
      ),
    )
    const outcomes = await Promise.all(calls)
    const { project } = await ada.projects.getProject({ id: 'raced' })
    expect(outcomes).toContain(project?.name)
    expect(outcomes).toContain(6)
    await ada.projects.updateProject({ project: { id: 'raced', state: 1 } })
  })

  const refused: [string, Parameters<Clients['projects']['createProject']>[0]][] = [
    ['no project', {}],
    ['no id', { project: { name: 'x' } }],
    ['an id in upper case', { project: { id: 'Upper' } }],
    ['an id with a hash sign', { project: { id: 'a#b' } }],
    ['an id with a slash', { project: { id: 'a/b' } }],
    ['an id that starts with a dash', { project: { id: '-a' } }],
    ['an id of 64 characters', { project: { id: 'a'.repeat(64) } }],
    ['a name that is endless', { project: { id: 'a', name: 'x'.repeat(257) } }],
    ['a description that is endless', { project: { id: 'a', description: 'x'.repeat(2001) } }],
    ['a label that is endless', { project: { id: 'a', labels: { values: { k: 'x'.repeat(257) } } } }],
    [
      'too many labels',
      {
        project: {
          id: 'a',
          labels: { values: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`k${i}`, ''])) },
        },
      },
    ],
    ['a state that there is none of', { project: { id: 'a', state: 77 as ProjectState } }],
  ]
  for (const [title, request] of refused) {
    it(`refuses ${title}`, async () => {
      await expect(ada.projects.createProject(request)).rejects.toMatchObject({ code: 3 })
      await expect(ada.projects.getProject({ id: 'a' })).rejects.toMatchObject({ code: 5 })
    })
  }
})

describe('UpdateProject', () => {
  it('changes a seeded project, which then is stored', async () => {
    await ada.projects.updateProject({ project: { id: 'sandbox', name: 'Playground' } })
    const { project } = await ada.projects.getProject({ id: 'sandbox' })
    expect(project).toMatchObject({ id: 'sandbox', name: 'Playground', domains })
  })

  it('refuses a project that there is none of', async () => {
    const call = ada.projects.updateProject({ project: { id: 'nothing', name: 'x' } })
    await expect(call).rejects.toMatchObject({ code: 5 })
  })
})

describe('ListProjects', () => {
  const ascending = { key: 'created_at', direction: 1 }
  const rows: [string, ListRequest, string[]][] = [
    ['everything but the archived, oldest first', {}, ['flytesnacks', 'sandbox', 'zebra', 'apple']],
    [
      'as the SDK asks',
      { filters: 'eq(state, 0)', sortBy: ascending },
      ['flytesnacks', 'sandbox', 'zebra', 'apple'],
    ],
    ['the archived', { filters: 'eq(state, 1)', sortBy: ascending }, ['mango', 'labelled', 'raced']],
    [
      'the newest first',
      { sortBy: { key: 'created_at', direction: 0 } },
      ['apple', 'zebra', 'flytesnacks', 'sandbox'],
    ],
    ['by name', { sortBy: { key: 'name', direction: 1 } }, ['sandbox', 'apple', 'zebra', 'flytesnacks']],
    ['by id, backwards', { sortBy: { key: 'id' } }, ['zebra', 'sandbox', 'flytesnacks', 'apple']],
    ['by a part of the name', { filters: 'contains(name, The)+eq(state,0)' }, ['zebra', 'apple']],
    ['some ids', { filters: 'value_in(id, apple;zebra; mango)' }, ['zebra', 'apple', 'mango']],
    ['all but one', { filters: 'ne(identifier, zebra)+eq(state, 0)' }, ['flytesnacks', 'sandbox', 'apple']],
  ]
  for (const [title, request, expected] of rows) {
    for (const limit of [0, 1, 3]) {
      it(`lists ${title}, ${limit || 'as many as it likes'} at a time`, async () => {
        expect(await everyId({ ...request, limit })).toEqual(expected)
      })
    }
  }

  const refused: [string, ListRequest][] = [
    ['an unknown function', { filters: 'like(name, x)' }],
    ['an unknown field', { filters: 'eq(owner, x)' }],
    ['an inherited property as field', { filters: 'eq(constructor, x)' }],
    ['a filter that is none', { filters: 'name=x' }],
    ['a filter that is cut short', { filters: 'eq(name' }],
    ['too many filters', { filters: Array.from({ length: 21 }, () => 'eq(state, 0)').join('+') }],
    ['an order that there is none of', { sortBy: { key: 'size' } }],
    ['a token that it did not make', { token: 'AAAA' }],
  ]
  for (const [title, request] of refused) {
    it(`refuses ${title}`, async () => {
      await expect(ada.projects.listProjects(request)).rejects.toMatchObject({ code: 3 })
    })
  }

  it('refuses the token of another list', async () => {
    const { projects } = await ada.projects.listProjects({ limit: 1 })
    const token = projects?.token ?? ''
    expect(token).not.toBe('')
    const call = ada.projects.listProjects({ limit: 1, token, filters: 'eq(state, 0)' })
    await expect(call).rejects.toMatchObject({ code: 3 })
  })
})
