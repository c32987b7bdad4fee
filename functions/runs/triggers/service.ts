/**
 * `TriggerService`: triggers are kept, shown and switched on and off, and every change of one is kept as a revision.
 *
 * ```
 *  DeployTask, DeployTrigger, UpdateTriggers, DeleteTriggers ─► document ─► schedule (schedules.ts)
 *                                                                              │ when it is due
 *                                                        run ◄─ fire.ts ◄──────┘ at least once
 * ```
 */
import { TriggerService } from '@flyteorg/flyteidl2/flyteidl2/trigger/trigger_service_pb.ts'
import type { RpcOptions } from '../../shared/rpc/router.ts'
import type { ServiceDeps } from '../service-deps.ts'
import { deleteTriggersMethod, deployTriggerMethod, updateTriggersMethod } from './change-triggers.ts'
import { getTriggerDetailsMethod, listTriggersMethod } from './read-triggers.ts'
import { getTriggerRevisionDetailsMethod, getTriggerRevisionHistoryMethod } from './revision-history.ts'

/** Registers the service. */
export function triggerService(deps: ServiceDeps): RpcOptions['services'] {
  return (router) =>
    router.service(TriggerService, {
      deployTrigger: deployTriggerMethod(deps),
      getTriggerDetails: getTriggerDetailsMethod(deps),
      getTriggerRevisionDetails: getTriggerRevisionDetailsMethod(deps),
      getTriggerRevisionHistory: getTriggerRevisionHistoryMethod(deps),
      listTriggers: listTriggersMethod(deps),
      updateTriggers: updateTriggersMethod(deps),
      deleteTriggers: deleteTriggersMethod(deps),
    })
}
