/** What is written down when a person lets a client act for them. */
import type { Accounts } from './accounts.ts'
import type { Engine } from './engine/engine.ts'
import type { SignedInPerson } from './session-reader.ts'

export interface Approval {
  readonly person: SignedInPerson
  readonly clientId: string
  readonly scope: string
  readonly resources: readonly string[]
}

/** Keeps the person and makes the grant that everything which comes of this depends on. @returns its id. */
export async function approve(approval: Approval, engine: Engine, accounts: Accounts): Promise<string> {
  const { person, clientId, scope, resources } = approval
  await accounts.keep(person)
  const grant = new engine.provider.Grant({ accountId: person.subject, clientId })
  for (const resource of resources) grant.addResourceScope(resource, scope)
  return grant.save()
}

/** The `resource` parameter as a list. */
export function resourcesOf(parameter: unknown): string[] {
  return [parameter].flat().filter((value): value is string => typeof value === 'string')
}
