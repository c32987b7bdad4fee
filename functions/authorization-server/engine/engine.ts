/** The protocol engine: oidc-provider, behind a function that takes a request and gives an answer. */
import type { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'
import Provider, { type KoaContextWithOIDC } from 'oidc-provider'
import { asServiceError } from '../../shared/errors.ts'
import type { HttpResponse } from '../../shared/http/message.ts'
import type { SigningKeySource } from '../../shared/tokens/signing-keys.ts'
import type { ClientSecretCheck } from '../client-secrets.ts'
import { type EngineConfigurationDeps, engineConfiguration } from './configuration.ts'
import { type EngineRequest, exchange, type NodeHandler } from './exchange.ts'
import { createJwtTokens } from './jwt-tokens.ts'

export interface EngineDeps extends Omit<EngineConfigurationDeps, 'key'> {
  readonly keys: SigningKeySource
  readonly isClientSecret: ClientSecretCheck
}

export interface Engine {
  /**
   * Answers a request of the protocol. Errors of the protocol are answers, in JSON or as a redirect.
   *
   * @throws {ServiceError} for what is not the client's doing.
   */
  readonly ask: (request: EngineRequest) => Promise<HttpResponse>
  /** The engine's models, for the steps that a person takes part in. */
  readonly provider: Provider
}

/** Gives the engine that signs with the current key. */
export type EngineSource = () => Promise<Engine>

/** Makes the source. An engine holds no state that the store has not: with another key there is simply another one. */
export function createEngineSource(deps: EngineDeps): EngineSource {
  let last: { readonly kid: string; readonly engine: Engine } | undefined
  return async () => {
    const keys = await deps.keys()
    const { kid } = keys.current.published
    if (last?.kid !== kid) last = { kid, engine: createEngine({ ...deps, key: keys.current }) }
    return last.engine
  }
}

function createEngine(deps: EngineDeps & EngineConfigurationDeps): Engine {
  const { settings, isClientSecret, refreshAnswers, redemptions } = deps
  const provider = new Provider(settings.issuer, engineConfiguration(deps))
  const failures = new WeakMap<IncomingMessage, unknown>()
  provider.proxy = true
  provider.on('server_error', (ctx: KoaContextWithOIDC, error: unknown) => failures.set(ctx.req, error))
  // Koa writes errors to the console unless somebody listens.
  const keepFailure = (error: unknown, ctx?: { readonly req: IncomingMessage }) => {
    if (ctx !== undefined) failures.set(ctx.req, error)
  }
  const emitter: EventEmitter = provider
  emitter.on('error', keepFailure)
  provider.Client.prototype.compareClientSecret = function compareClientSecret(secret: string) {
    return isClientSecret(this.clientId, secret)
  }
  provider.use(redemptions.middleware as Parameters<Provider['use']>[0])
  provider.use(refreshAnswers.middleware as Parameters<Provider['use']>[0])
  provider.use(createJwtTokens(deps).middleware as Parameters<Provider['use']>[0])
  const handler = provider.callback() as NodeHandler
  return {
    provider,
    async ask(request) {
      const { response, message } = await exchange(handler, settings.publicUrl, request)
      if (failures.has(message)) throw asServiceError(failures.get(message))
      return response
    },
  }
}
