/**
 * `TriggerService`: triggers are kept, shown and switched on and off. Nothing here starts a run by itself: whoever
 * runs this deployment decides what fires them. Revisions are counted; of earlier ones only the number is known.
 */
import { TriggerService } from '@flyteorg/flyteidl2/flyteidl2/trigger/trigger_service_pb.ts'
import type { RpcOptions } from '../../shared/rpc/router.ts'
import type { ServiceDeps } from '../service-deps.ts'
import { deleteTriggersMethod, deployTriggerMethod, updateTriggersMethod } from './change-triggers.ts'
import { getTriggerDetailsMethod, listTriggersMethod } from './read-triggers.ts'

/** Registers the service. */
export function triggerService(deps: ServiceDeps): RpcOptions['services'] {
  return (router) =>
    router.service(TriggerService, {
      deployTrigger: deployTriggerMethod(deps),
      getTriggerDetails: getTriggerDetailsMethod(deps),
      listTriggers: listTriggersMethod(deps),
      updateTriggers: updateTriggersMethod(deps),
      deleteTriggers: deleteTriggersMethod(deps),
    })
}
