import type { Answer } from '../answer.ts'
import type { Exchange } from '../exchange.ts'
import type { ForwardedMode } from '../forwarded-headers.ts'
import type { KeySets } from '../jwks.ts'
import type { Invoke } from '../types.ts'
import { type AuthenticateDeps, authenticate } from './authenticate.ts'
import { fixedResponse } from './fixed-response.ts'
import { forward } from './forward.ts'
import type { Action } from './parse.ts'
import { redirect } from './redirect.ts'
import { validateJwt } from './validate-jwt.ts'

export interface ActionDeps extends AuthenticateDeps {
  readonly keySets: KeySets
  readonly invoke: Invoke
  readonly forwardedMode: ForwardedMode
}

/** The words of the access log for what ran. */
const LOGGED: Readonly<Record<Action['type'], string>> = {
  'authenticate-oidc': 'authenticate',
  'jwt-validation': 'jwt-validation',
  forward: 'forward',
  redirect: 'redirect',
  'fixed-response': 'fixed-response',
}

/**
 * Runs the actions of a rule in order until one of them answers, which the last one always does.
 *
 * @throws {AlbError} for what the load balancer answers with an error of its own
 */
export async function runActions(
  actions: readonly Action[],
  exchange: Exchange,
  deps: ActionDeps,
): Promise<Answer> {
  for (const action of actions) {
    exchange.executed.push(LOGGED[action.type])
    const answer = await runAction(action, exchange, deps)
    if (answer) return answer
  }
  throw new TypeError('a rule without a terminal action passed the parser')
}

async function runAction(action: Action, exchange: Exchange, deps: ActionDeps): Promise<Answer | undefined> {
  switch (action.type) {
    case 'authenticate-oidc':
      return authenticate(action, exchange, deps)
    case 'jwt-validation':
      await validateJwt(action, exchange, deps)
      return undefined
    case 'forward':
      return forward(action, exchange, deps)
    case 'redirect':
      return redirect(action, exchange.request)
    case 'fixed-response':
      return fixedResponse(action)
  }
}
