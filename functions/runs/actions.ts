/** Finding an action by the id that a client sends. */
import type { ActionIdentifier } from '@flyteorg/flyteidl2/flyteidl2/common/identifier_pb.ts'
import { ServiceError } from '../shared/errors.ts'
import { required } from '../shared/rpc/required.ts'
import type { RunStore, StoredRun } from '../shared/stores/run-store.ts'

/**
 * Reads an action.
 *
 * @throws {ServiceError} `action_not_found`, also if there is no such run.
 */
export async function findAction(
  runs: RunStore,
  actionId: ActionIdentifier | undefined,
): Promise<{ readonly action: StoredRun; readonly org: string }> {
  const id = required(actionId, 'action_id')
  const run = required(id.run, 'action_id.run')
  const action = await runs.find(run, id.name)
  if (action === undefined) throw new ServiceError('action_not_found')
  return { action, org: run.org }
}
