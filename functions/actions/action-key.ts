/** Ids of actions, as requests carry them. */
import { create } from '@bufbuild/protobuf'
import {
  type ActionIdentifier,
  ActionIdentifierSchema,
} from '@flyteorg/flyteidl2/flyteidl2/common/identifier_pb.ts'
import { ServiceError } from '../shared/errors.ts'
import { required } from '../shared/rpc/required.ts'
import type { ActionKey } from '../shared/stores/action-store.ts'

/**
 * Reads the id of an action. The organization is no part of it.
 *
 * @throws {ServiceError} `request_invalid`, naming the field.
 */
export function actionKeyOf(id: ActionIdentifier | undefined, field: string): ActionKey {
  const { run, name } = required(id, field)
  const { project, domain, name: runName } = required(run, `${field}.run`)
  if (name === '') throw new ServiceError('request_invalid', { message: `${field}.name is required.` })
  return { run: { project, domain, name: runName }, action: name }
}

/** The id of another action of the same run. */
export function actionIdOf({ run }: ActionKey, name: string, org: string): ActionIdentifier {
  return create(ActionIdentifierSchema, { run: { org, ...run }, name })
}
