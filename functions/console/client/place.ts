/** The project and the domain that are looked at. Kept in the address, so that it can be passed on. */
import { byId, element } from './dom.ts'
import { callRpc } from './rpc.ts'
import type { ListProjectsResponse } from './wire.ts'

export interface Place {
  readonly project: string
  readonly domain: string
}

const project = () => byId('project', HTMLSelectElement)
const domain = () => byId('domain', HTMLSelectElement)

/** What is chosen. */
export function currentPlace(): Place {
  return { project: project().value, domain: domain().value }
}

/** Reads the place from the address if it names one, and calls back whenever another one is chosen. */
export function watchPlace(onChange: () => void): void {
  const query = new URLSearchParams(location.search)
  choose(project(), query.get('project'))
  choose(domain(), query.get('domain'))
  for (const select of [project(), domain()]) {
    select.addEventListener('change', () => {
      history.replaceState(null, '', `?${new URLSearchParams({ ...currentPlace() })}`)
      onChange()
    })
  }
}

/**
 * Replaces the projects that the page came with by those there are now.
 *
 * @throws {RpcError}
 */
export async function loadProjects(): Promise<void> {
  const message = { limit: 100 }
  const response = await callRpc<ListProjectsResponse>(
    'flyteidl2.project.ProjectService/ListProjects',
    message,
  )
  const ids = (response.projects?.projects ?? []).flatMap(({ id }) => (id ? [id] : []))
  if (ids.length === 0) return
  const wanted = new URLSearchParams(location.search).get('project') ?? project().value
  project().replaceChildren(...ids.map((id) => element('option', {}, id)))
  choose(project(), wanted)
}

/** Chooses an option if there is one of that name. */
function choose(select: HTMLSelectElement, value: string | null): void {
  if (value !== null && [...select.options].some((option) => option.value === value)) select.value = value
}
