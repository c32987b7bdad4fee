/** Leaves out of the bundles the ways to AWS credentials that a Lambda function does not have. */
import { dirname } from 'node:path'
import type { Plugin } from 'esbuild'

/**
 * Gives the AWS SDK credentials from the environment, where Lambda puts them, and nothing else.
 *
 * The SDK's own chain goes on to profiles, single sign-on, web identities and metadata services: 150 KB that a
 * function would read at its cold start and never use.
 */
export const lambdaCredentials: Plugin = {
  name: 'lambda-credentials',
  setup({ onLoad }) {
    const chain = /[\\/]@aws-sdk[\\/]credential-provider-node[\\/]dist-es[\\/]index\.js$/
    onLoad({ filter: chain }, ({ path }) => ({
      contents: `import { fromEnv } from '@aws-sdk/credential-provider-env'
export const defaultProvider = (init) => fromEnv(init)
export const credentialsWillNeedRefresh = (credentials) => credentials?.expiration !== undefined
export const credentialsTreatedAsExpired = (credentials) =>
  credentials?.expiration !== undefined && credentials.expiration.getTime() - Date.now() < 300000`,
      resolveDir: dirname(path),
    }))
  },
}
