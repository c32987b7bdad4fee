/** `SecretService`: secrets for tasks, kept in AWS Secrets Manager. Nothing here can read a value back. */
import { SecretService } from '@flyteorg/flyteidl2/flyteidl2/secret/secret_pb.ts'
import type { RpcOptions } from '../../shared/rpc/router.ts'
import type { ServiceDeps } from '../service-deps.ts'
import { createSecretMethod, deleteSecretMethod, updateSecretMethod } from './change-secrets.ts'
import { getSecretMethod, listSecretsMethod } from './read-secrets.ts'

/** Registers the service. */
export function secretService(deps: ServiceDeps): RpcOptions['services'] {
  return (router) =>
    router.service(SecretService, {
      createSecret: createSecretMethod(deps),
      updateSecret: updateSecretMethod(deps),
      getSecret: getSecretMethod(deps),
      listSecrets: listSecretsMethod(deps),
      deleteSecret: deleteSecretMethod(deps),
    })
}
