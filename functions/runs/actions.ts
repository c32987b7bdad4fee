/** Finding an action by the id that a client sends. */
import type { ActionIdentifier } from '@flyteorg/flyteidl2/flyteidl2/common/identifier_pb.ts'
import { ServiceError } from '../shared/errors.ts'
import { required } from '../shared/rpc/required.ts'
import type { StoredAction } from '../shared/stores/action-store.ts'
import type { RunsDeps } from './deps.ts'

/**
 * Reads an action.
 *
 * @throws {ServiceError} `action_not_found`, also if there is no such run.
 */
export async function findAction(
  { actions }: Pick<RunsDeps, 'actions'>,
  actionId: ActionIdentifier | undefined,
): Promise<{ readonly action: StoredAction; readonly org: string }> {
  const id = required(actionId, 'action_id')
  const run = required(id.run, 'action_id.run')
  const action = await actions.find({ run, action: id.name })
  if (action === undefined) throw new ServiceError('action_not_found')
  return { action, org: run.org }
}
