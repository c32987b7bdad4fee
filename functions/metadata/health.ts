/** Whether this deployment answers at all. */
import { jsonResponse } from '../shared/http/message.ts'
import type { PathHandler } from '../shared/http/router.ts'
import { NEVER_STORED } from './caching.ts'

/**
 * `/healthz`, `/readyz` and `/healthcheck`: that this function is configured and running. It asks nobody else:
 * a health check that fails with the identity provider would take down what still works without it.
 */
export const answerHealth: PathHandler = () => jsonResponse(200, { status: 'ok' }, NEVER_STORED)
