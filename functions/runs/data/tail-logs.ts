/** `DataProxyService.TailLogs`. Logs stay where an action ran; this deployment reads none of them. */
import type {
  TailLogsRequest,
  TailLogsResponse,
} from '@flyteorg/flyteidl2/flyteidl2/dataproxy/dataproxy_service_pb.ts'
import { ServiceError } from '../../shared/errors.ts'
import type { StoredAction } from '../../shared/stores/action-store.ts'
import { findAction } from '../actions.ts'
import type { ServiceDeps } from '../service-deps.ts'

/** Makes the method. It throws `action_not_found`, and `logs_not_found` for every action that there is. */
export function tailLogsMethod(deps: Pick<ServiceDeps, 'actions'>) {
  return async function* ({ actionId }: TailLogsRequest): AsyncGenerator<TailLogsResponse> {
    const { action } = await findAction(deps, actionId)
    yield* logsOf(action)
  }
}

function logsOf(_action: StoredAction): readonly TailLogsResponse[] {
  throw new ServiceError('logs_not_found')
}
