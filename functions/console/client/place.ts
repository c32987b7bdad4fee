/** The choices of the runs page: project, domain, status and owner. Kept in the address, so that it can be passed on. */
import { byId, element } from './dom.ts'
import { queryOf, type RunFilters, statusOf } from './filters.ts'
import { callRpc } from './rpc.ts'
import type { Who } from './run-view.ts'
import type { ListProjectsResponse } from './wire.ts'

export interface Place {
  readonly project: string
  readonly domain: string
}

const select = (id: 'project' | 'domain' | 'status' | 'owner') => byId(id, HTMLSelectElement)

/** What is chosen. */
export function currentFilters(): RunFilters {
  return {
    project: select('project').value,
    domain: select('domain').value,
    status: statusOf(select('status').value),
    owner: select('owner').value,
  }
}

/** Reads the choices that the address names, and calls back whenever others are made. */
export function watchFilters(onChange: () => void): void {
  const query = new URLSearchParams(location.search)
  const owner = query.get('owner') ?? ''
  if (owner !== '') addOwner(owner, owner)
  choose(select('project'), query.get('project'))
  choose(select('domain'), query.get('domain'))
  choose(select('status'), query.get('status'))
  choose(select('owner'), owner)
  const changed = () => {
    history.replaceState(null, '', queryOf(currentFilters()))
    showClear()
    onChange()
  }
  const form = byId('filters', HTMLFormElement)
  form.addEventListener('submit', (event) => event.preventDefault())
  form.addEventListener('change', changed)
  byId('clear', HTMLButtonElement).addEventListener('click', () => {
    select('status').value = ''
    select('owner').value = ''
    select('status').focus()
    changed()
  })
  showClear()
}

function showClear(): void {
  const { status, owner } = currentFilters()
  byId('clear', HTMLButtonElement).hidden = status === '' && owner === ''
}

/** Offers the people and applications that were seen, by name; whoever looks is offered as “Me” already. */
export function offerOwners(seen: readonly Who[], viewer: string): void {
  for (const { subject, name, kind } of seen) {
    if (kind !== 'nobody' && subject !== '' && subject !== viewer) addOwner(subject, name)
  }
}

function addOwner(subject: string, label: string): void {
  const known = [...select('owner').options].find(({ value }) => value === subject)
  if (known === undefined) select('owner').append(element('option', { value: subject }, label))
  else if (subject !== '' && subject !== 'mine' && known.text !== label) known.text = label
}

/**
 * Replaces the projects that the page came with by those there are now.
 *
 * @throws {RpcError}
 */
export async function loadProjects(): Promise<void> {
  const response = await callRpc<ListProjectsResponse>('flyteidl2.project.ProjectService/ListProjects', {
    limit: 100,
  })
  const ids = (response.projects?.projects ?? []).flatMap(({ id }) => (id ? [id] : []))
  if (ids.length === 0) return
  const project = select('project')
  const wanted = new URLSearchParams(location.search).get('project') ?? project.value
  project.replaceChildren(...ids.map((id) => element('option', {}, id)))
  choose(project, wanted)
}

/** Chooses an option if there is one of that value. */
function choose(from: HTMLSelectElement, value: string | null): void {
  if (value !== null && [...from.options].some((option) => option.value === value)) from.value = value
}
