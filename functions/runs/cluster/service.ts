/** `ClusterService`: there is one cluster, and it is reached where the caller is already. */
import { create } from '@bufbuild/protobuf'
import { SelectClusterResponseSchema } from '@flyteorg/flyteidl2/flyteidl2/cluster/payload_pb.ts'
import { ClusterService } from '@flyteorg/flyteidl2/flyteidl2/cluster/service_pb.ts'
import type { RpcOptions } from '../../shared/rpc/router.ts'

/**
 * Registers the service. The endpoint it names is always empty: the client stays where it is, with the session it
 * has. Does not look at what the operation is about.
 */
export function clusterService(): RpcOptions['services'] {
  return (router) =>
    router.service(ClusterService, {
      selectCluster: () => create(SelectClusterResponseSchema, { clusterEndpoint: '' }),
    })
}
