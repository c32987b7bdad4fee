/** The console as the load balancer invokes it, with identities that it has signed. */
import { createConsoleApp } from '../../../functions/console/app.ts'
import { createBrowserIdentity } from '../../../functions/console/browser-identity.ts'
import { createLambdaHandler } from '../../../functions/shared/lambda.ts'
import type { EndedCall } from '../../../functions/shared/telemetry.ts'
import { type AlbAnswer, type AlbRequest, callThrough, type EventHandler } from '../../support/alb-event.ts'
import {
  type AlbRegion,
  functionSettings,
  NOW_MS,
  type SettingsChanges,
  startAlbRegion,
} from '../../support/identity-fixture.ts'

export const ISSUER = 'https://login.example.com'
export const ADA = { name: 'Ada Lovelace', email: 'ada@example.com' }

export interface ConsoleFunction {
  readonly region: AlbRegion
  readonly ended: readonly EndedCall[]
  /** Another handler, of a deployment with these changes. */
  readonly handlerWith: (changes?: SettingsChanges) => EventHandler
  /** Asks as a browser whose person the load balancer has signed in. */
  readonly ask: (
    request: AlbRequest,
    claims?: Readonly<Record<string, unknown>>,
    handler?: EventHandler,
  ) => Promise<AlbAnswer>
  readonly close: () => Promise<void>
}

/** Starts the keys of its load balancer, and makes the function. */
export async function startConsole(): Promise<ConsoleFunction> {
  const region = await startAlbRegion(ISSUER)
  const ended: EndedCall[] = []
  const handlerWith = (changes?: SettingsChanges): EventHandler => {
    const settings = functionSettings(ISSUER, changes)
    const resolveCaller = createBrowserIdentity({
      settings,
      fetch: region.fetch,
      now: () => NOW_MS,
      sessionCaller: null,
    })
    const telemetry = { callEnded: (call: EndedCall) => void ended.push(call) }
    return createLambdaHandler({
      app: createConsoleApp({ settings, resolveCaller }),
      telemetry,
      tracing: false,
    })
  }
  const usual = handlerWith()
  return {
    region,
    ended,
    handlerWith,
    ask: (request, claims = ADA, handler = usual) => {
      const headers = { accept: 'text/html', 'x-amzn-oidc-data': region.data(claims), ...request.headers }
      return callThrough(handler, { access: 'oidc', ...request, headers })
    },
    close: region.close,
  }
}
