/** The functions that no listener leads to: run by a schedule or by a deployment, with a handler of their own. */
import type { Settings } from './settings/settings.ts'

/** Where the handler of each is, below `functions/`. */
export const JOBS = {
  'rotate-keys': 'authorization-server/rotate-handler.ts',
} as const

export type JobName = keyof typeof JOBS

/** Whether the deployment issues its own tokens. */
export function hasAuthorizationServer({ auth }: Settings): boolean {
  return auth.appAuth.authServerType === 'Self'
}

/** The jobs that a deployment with these settings has. Keys in KMS are changed by their operator. */
export function jobsOf(settings: Settings): JobName[] {
  const { signing } = settings.auth.appAuth.selfAuthServer
  return hasAuthorizationServer(settings) && signing === 'secret' ? ['rotate-keys'] : []
}
