/** Runs that others have made before the page is opened. */
import type { Stack } from '../../../local/stack.ts'
import { requestToken } from '../../../local/token.ts'

export type Maker = { readonly person: string } | { readonly client: string }

/** Creates a run of a task as somebody, with a bearer token, and answers its name. */
export async function createRun(
  stack: Stack,
  maker: Maker,
  task: string,
  domain = 'development',
): Promise<string> {
  const place = { name: 'flytesnacks', domain }
  const id = { resourceType: 'TASK', project: place.name, domain: place.domain, name: task, version: 'v1' }
  const answer = await call(stack, maker, 'CreateRun', {
    projectId: place,
    taskSpec: { shortName: task, taskTemplate: { id, type: 'python' } },
  })
  return (answer as { run: { action: { id: { run: { name: string } } } } }).run.action.id.run.name
}

/** Aborts a run as somebody. */
export async function abortRun(stack: Stack, maker: Maker, name: string, reason: string): Promise<void> {
  const runId = { project: 'flytesnacks', domain: 'development', name }
  await call(stack, maker, 'AbortRun', { runId, reason })
}

async function call(stack: Stack, maker: Maker, method: string, message: unknown): Promise<unknown> {
  const [person, client] = 'person' in maker ? [maker.person, undefined] : [undefined, maker.client]
  const token = await requestToken({ help: false, port: stack.port, person, client })
  const response = await fetch(`${stack.url}/flyteidl2.workflow.RunService/${method}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(message),
  })
  if (!response.ok) throw new TypeError(`${method} answered ${response.status}: ${await response.text()}`)
  return response.json()
}
