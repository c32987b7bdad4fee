/**
 * The authorization endpoint and the way back from the sign-in.
 *
 *   client ─► /oauth2/authorize ─► /oauth2/authorize_callback?interaction=… ─► [sign-in ─►] [consent ─►] client
 *
 * The request is checked before anybody is asked to sign in, and kept in the store under the name of the
 * interaction. The browser it came from gets a cookie of that name, and no other browser can finish it.
 */
import { createHash } from 'node:crypto'
import type { Call } from '../shared/call.ts'
import { ServiceError } from '../shared/errors.ts'
import { type HttpRequest, type HttpResponse, requestHost } from '../shared/http/message.ts'
import type { PathHandler } from '../shared/http/router.ts'
import type { Accounts } from './accounts.ts'
import { approve, resourcesOf } from './approvals.ts'
import {
  assertOwnPage,
  bindingCookie,
  expiredBindingCookie,
  isBound,
  isInteraction,
} from './browser-binding.ts'
import { CALLBACK_PATH, ENGINE_ROUTES, INTERACTION_SECONDS } from './engine/configuration.ts'
import type { Engine, EngineSource } from './engine/engine.ts'
import { NEVER_STORED, noteOauthError, oauthErrorOf } from './oauth-answer.ts'
import { consentPage } from './pages/consent-page.ts'
import { refusalPage } from './pages/error-page.ts'
import { signInTarget, toSignIn } from './pages/sign-in-page.ts'
import { formOf, single, withResource, withServedResponseMode } from './parameters.ts'
import type { RateLimit } from './rate-limit.ts'
import type { SessionReader, SignedInPerson } from './session-reader.ts'
import { type AuthorizationServerSettings, isClientId } from './settings.ts'

export interface AuthorizeDeps {
  readonly engine: EngineSource
  readonly accounts: Accounts
  readonly session: SessionReader
  readonly rateLimit: RateLimit
  readonly settings: AuthorizationServerSettings
}

type Interaction = InstanceType<Engine['provider']['Interaction']>

const LEAVING = { ...NEVER_STORED, 'referrer-policy': 'no-referrer' } as const

/** Makes the authorization endpoint. */
export function createAuthorize({ engine, rateLimit, settings, session }: AuthorizeDeps): PathHandler {
  return async (request, call) => {
    if (session.signInUrl !== undefined && !isCanonical(request, settings))
      return toCanonical(request, settings)
    const sent = withServedResponseMode(new URLSearchParams(request.query))
    const parameters = withResource(sent, settings.audiences)
    await rateLimit.count('authorize', request, single(parameters, 'client_id') ?? '')
    const { ask } = await engine()
    const response = await ask({
      method: 'GET',
      target: `${ENGINE_ROUTES.authorization}?${parameters.toString()}`,
    })
    const location = String(response.headers.location ?? '')
    const interaction = single(new URLSearchParams(location.split('?')[1]), 'interaction')
    if (!location.startsWith(`${CALLBACK_PATH}?`) || !isInteraction(interaction)) {
      return toClient(request, response, call)
    }
    const headers = { location, 'set-cookie': bindingCookie(interaction, INTERACTION_SECONDS), ...LEAVING }
    return { status: 303, headers, body: '' }
  }
}

/** Whether the browser asked the host that its own sign-in leads back to. */
function isCanonical(request: HttpRequest, { publicUrl }: AuthorizationServerSettings): boolean {
  return requestHost(request.headers) === new URL(publicUrl).host
}

/** The cookie that ties a sign-in to its browser is of one host: it has to be the one that people come back to. */
function toCanonical({ path, query }: HttpRequest, { publicUrl }: AuthorizationServerSettings): HttpResponse {
  return { status: 303, headers: { location: `${publicUrl}${path}?${query}`, ...LEAVING }, body: '' }
}

/** Makes the way back from the sign-in. A GET looks at who is there, a POST is the answer of the consent page. */
export function createAuthorizeCallback(deps: AuthorizeDeps): PathHandler {
  return async (request, call) => {
    const isAnswer = request.method === 'POST'
    if (isAnswer) assertOwnPage(request, deps.settings.publicUrl)
    const parameters = isAnswer ? formOf(request) : new URLSearchParams(request.query)
    const uid = single(parameters, 'interaction')
    if (!isInteraction(uid) || !isBound(request, uid)) throw new ServiceError('sign_in_unknown')
    const engine = await deps.engine()
    const interaction = await engine.provider.Interaction.find(uid)
    if (interaction === undefined) throw new ServiceError('sign_in_unknown')
    const signedIn = await deps.session.read(request, call)
    if (signedIn === undefined) return signInFirst(request, deps.session, uid)
    const { person, setCookies } = signedIn
    const isTheirs = isAnswer && single(parameters, 'asked') === askedOf(uid, person)
    const decision = isTheirs ? single(parameters, 'decision') : undefined
    if (decision === undefined && needsConsent(interaction, deps.settings)) {
      return askForConsent({ request, interaction, person, setCookies }, deps)
    }
    const isAllowed = isAnswer ? decision === 'allow' : true
    const response = await finish({ engine, interaction, person, isAllowed }, deps)
    const answer = toClient(request, response, call)
    return {
      ...answer,
      headers: { ...answer.headers, 'set-cookie': [...setCookies, expiredBindingCookie(uid)] },
    }
  }
}

function signInFirst(request: HttpRequest, { signInUrl }: SessionReader, uid: string): HttpResponse {
  if (signInUrl === undefined) throw new ServiceError('credentials_missing')
  return toSignIn(request, signInUrl(`${CALLBACK_PATH}?interaction=${uid}`))
}

function needsConsent({ params, prompt }: Interaction, { clients }: AuthorizationServerSettings): boolean {
  const client = clients.find(({ id }) => id === params.client_id)
  const isAsked = String(params.prompt ?? '')
    .split(' ')
    .includes('consent')
  return client?.firstParty !== true || isAsked || prompt.name === 'consent'
}

interface ConsentContext {
  readonly request: HttpRequest
  readonly interaction: Interaction
  readonly person: SignedInPerson
  readonly setCookies: readonly string[]
}

/**
 * Whom a question was put to. If somebody else is signed in by the time of the answer, in another tab say, it is put
 * anew: what one person read and agreed to is not what the other did.
 */
function askedOf(uid: string, { issuer, subject }: SignedInPerson): string {
  return createHash('sha256')
    .update(JSON.stringify([uid, issuer, subject]))
    .digest('base64url')
}

function askForConsent(
  { request, interaction, person, setCookies }: ConsentContext,
  { session, settings: { clients, publicUrl } }: AuthorizeDeps,
): HttpResponse {
  const { params, uid } = interaction
  const clientId = String(params.client_id)
  return consentPage(request, {
    interaction: uid,
    asked: askedOf(uid, person),
    clientId,
    clientName: clients.find(({ id }) => id === clientId)?.name ?? clientId,
    redirectUri: String(params.redirect_uri),
    scope: String(params.scope),
    person,
    setCookies,
    signInTarget: signInTarget(session, publicUrl),
  })
}

interface Decision {
  readonly engine: Engine
  readonly interaction: Interaction
  readonly person: SignedInPerson
  readonly isAllowed: boolean
}

/** Tells the engine who it is and what was decided, and lets it go on from where it stopped. */
async function finish(decision: Decision, { accounts, settings }: AuthorizeDeps): Promise<HttpResponse> {
  const { engine, interaction, person, isAllowed } = decision
  if (isAllowed && !isClientId(settings, person.subject)) {
    const { params } = interaction
    const grantId = await approve(
      {
        person,
        clientId: String(params.client_id),
        scope: String(params.scope),
        resources: resourcesOf(params.resource),
      },
      engine,
      accounts,
    )
    const { subject: accountId, authTimeEpochSeconds: ts } = person
    const login = { accountId, remember: false, ...(ts === undefined ? {} : { ts }) }
    interaction.result = { login, consent: { grantId } }
  } else {
    interaction.result = { error: 'access_denied', error_description: 'the person did not allow it' }
  }
  await interaction.persist()
  const target = `${ENGINE_ROUTES.authorization}/${interaction.uid}`
  return engine.ask({ method: 'GET', target, cookie: `_interaction_resume=${interaction.uid}` })
}

/** The engine's answer: on to the client, or a page where going on to anybody is not safe. */
function toClient(request: HttpRequest, response: HttpResponse, call: Call): HttpResponse {
  const { location } = response.headers
  if (typeof location === 'string') {
    const error = single(new URL(location).searchParams, 'error')
    if (error !== undefined) noteOauthError(call, error)
    return { status: 303, headers: { location, ...LEAVING }, body: '' }
  }
  const refused = oauthErrorOf(response)
  if (refused === undefined) throw new ServiceError('internal_error')
  noteOauthError(call, refused.error)
  const page = refusalPage(request, response.status, sentenceOf(refused.error))
  return page ?? { ...response, headers: { ...response.headers, ...NEVER_STORED } }
}

/** The engine's descriptions are for programmers, and may repeat what was received. */
function sentenceOf(error: string): string {
  if (error === 'invalid_client') return 'The program that sent you here is not known to this deployment.'
  if (error === 'invalid_redirect_uri') {
    return 'The program that sent you here wants the answer at an address that is not one of its own.'
  }
  return 'The program that sent you here asked in a way that is not understood.'
}
