/**
 * `DataProxyService`: bundles, inputs and outputs. What is small goes through here; what may be large goes to the
 * bucket and comes from it by links, because the load balancer passes on 1 MB.
 */
import { DataProxyService } from '@flyteorg/flyteidl2/flyteidl2/dataproxy/dataproxy_service_pb.ts'
import type { RpcOptions } from '../../shared/rpc/router.ts'
import type { ServiceDeps } from '../service-deps.ts'
import { createDownloadLinkMethod } from './create-download-link.ts'
import { createUploadLocationMethod } from './create-upload-location.ts'
import { dataProxyActionDataMethod } from './get-action-data.ts'
import { tailLogsMethod } from './tail-logs.ts'
import { uploadInputsMethod } from './upload-inputs.ts'

/** Registers the service. */
export function dataProxyService(deps: ServiceDeps): RpcOptions['services'] {
  return (router) =>
    router.service(DataProxyService, {
      createUploadLocation: createUploadLocationMethod(deps),
      uploadInputs: uploadInputsMethod(deps),
      getActionData: dataProxyActionDataMethod(deps),
      createDownloadLink: createDownloadLinkMethod(deps),
      tailLogs: tailLogsMethod(deps),
    })
}
