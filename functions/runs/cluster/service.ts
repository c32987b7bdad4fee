/** `ClusterService`: there is one cluster, and it is reached where the caller is already. */
import { create } from '@bufbuild/protobuf'
import { SelectClusterResponseSchema } from '@flyteorg/flyteidl2/flyteidl2/cluster/payload_pb.ts'
import { ClusterService } from '@flyteorg/flyteidl2/flyteidl2/cluster/service_pb.ts'
import { ServiceError } from '../../shared/errors.ts'
import type { RpcOptions } from '../../shared/rpc/router.ts'

/**
 * Registers the service. The endpoint it names is always empty: the client stays where it is, with the session it
 * has. Does not look at what the operation is about, except for pools of clusters: there are none, and a secret that is
 * meant for one of them would be everybody's. It throws `cluster_pool_not_found` for them.
 */
export function clusterService(): RpcOptions['services'] {
  return (router) =>
    router.service(ClusterService, {
      selectCluster: ({ resource }) => {
        if (resource.case === 'clusterPoolId') throw new ServiceError('cluster_pool_not_found')
        return create(SelectClusterResponseSchema, { clusterEndpoint: '' })
      },
    })
}
