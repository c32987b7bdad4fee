/**
 * The page where a person connects a device (RFC 8628 section 3.3).
 *
 *   GET  the form ─► POST the code ─► who asks for what ─► POST the decision
 *
 * The second page goes with a question that is kept in the store: it belongs to the person it was put to, and it
 * is answered once. Even a code that came with the address has to be confirmed.
 */
import type { Call } from '../shared/call.ts'
import { type Clock, epochSeconds } from '../shared/clock.ts'
import { ServiceError } from '../shared/errors.ts'
import type { HttpRequest, HttpResponse } from '../shared/http/message.ts'
import type { PathHandler } from '../shared/http/router.ts'
import type { RandomBytes } from '../shared/random.ts'
import { type GrantKey, type GrantStore, grantKey, type StoredGrant } from '../shared/stores/grant-store.ts'
import type { JwtObject } from '../shared/tokens/jwt.ts'
import type { Accounts } from './accounts.ts'
import { approve, resourcesOf } from './approvals.ts'
import { assertOwnPage } from './browser-binding.ts'
import { DEVICE_CODE_SECONDS, ENGINE_ROUTES } from './engine/configuration.ts'
import type { EngineSource } from './engine/engine.ts'
import { codePage, confirmPage, decidedPage } from './pages/device-pages.ts'
import { signInTarget, toSignIn } from './pages/sign-in-page.ts'
import { formOf, single } from './parameters.ts'
import type { RateLimit } from './rate-limit.ts'
import type { SessionReader, SignedInPerson } from './session-reader.ts'
import { type AuthorizationServerSettings, isClientId } from './settings.ts'

export interface DevicePageDeps {
  readonly engine: EngineSource
  readonly store: GrantStore
  readonly accounts: Accounts
  readonly session: SessionReader
  readonly rateLimit: RateLimit
  readonly settings: AuthorizationServerSettings
  readonly random: RandomBytes
  readonly now: Clock
}

interface Device {
  readonly key: GrantKey
  readonly record: StoredGrant
  readonly params: JwtObject
}

const QUESTION_BYTES = 32
const SHOWN_CODE = /^[A-Za-z -]{0,16}$/

/** Makes the page. */
export function createDevicePage(deps: DevicePageDeps): PathHandler {
  return async (request, call) => {
    const isForm = request.method === 'POST'
    if (isForm) assertOwnPage(request, deps.settings.publicUrl)
    const parameters = isForm ? formOf(request) : new URLSearchParams(request.query)
    const signedIn = await deps.session.read(request, call)
    if (signedIn === undefined) return signInFirst(request, deps.session, shownCode(parameters))
    const { person, setCookies } = signedIn
    const response = isForm
      ? await takeForm({ request, call, person, form: parameters }, deps)
      : codePage(request, { person, userCode: shownCode(parameters), refused: false, ...leadingTo(deps) })
    if (setCookies.length === 0) return response
    return { ...response, headers: { ...response.headers, 'set-cookie': setCookies } }
  }
}

/** The code that was brought along, if it looks like one at all. */
function shownCode(parameters: URLSearchParams): string {
  const code = single(parameters, 'user_code') ?? ''
  return SHOWN_CODE.test(code) ? code.toUpperCase() : ''
}

function signInFirst(request: HttpRequest, { signInUrl }: SessionReader, userCode: string): HttpResponse {
  if (signInUrl === undefined) throw new ServiceError('credentials_missing')
  const query = userCode === '' ? '' : `?user_code=${encodeURIComponent(userCode)}`
  return toSignIn(request, signInUrl(`${ENGINE_ROUTES.code_verification}${query}`))
}

const leadingTo = ({ session, settings }: DevicePageDeps) => ({
  signInTarget: signInTarget(session, settings.publicUrl),
})

interface TakenForm {
  readonly request: HttpRequest
  readonly call: Call
  readonly person: SignedInPerson
  readonly form: URLSearchParams
}

async function takeForm(
  { request, call, person, form }: TakenForm,
  deps: DevicePageDeps,
): Promise<HttpResponse> {
  const question = single(form, 'question')
  if (question !== undefined) {
    const isAllowed = single(form, 'decision') === 'allow'
    await decide({ question, isAllowed, person }, deps)
    call.notes.device = isAllowed ? 'connected' : 'refused'
    return decidedPage(request, isAllowed)
  }
  await deps.rateLimit.count('guess', request, person.subject)
  const userCode = (single(form, 'user_code') ?? '').replaceAll(/[^a-z]/gi, '').toUpperCase()
  const device = await findByUserCode(userCode, deps)
  if (device === undefined) {
    return codePage(request, { person, userCode: '', refused: true, ...leadingTo(deps) })
  }
  // That was no guess. Who has many machines may connect them one after the other.
  await deps.rateLimit.addWeight('guess', request, person.subject, -1)
  return ask({ request, person, device, userCode }, deps)
}

async function findByUserCode(userCode: string, { store }: DevicePageDeps): Promise<Device | undefined> {
  const pointer = await store.get('UserCode', grantKey(userCode))
  return pointer && findDevice(String(pointer.value.deviceKey) as GrantKey, store)
}

/** A device that still waits. */
async function findDevice(key: GrantKey, store: GrantStore): Promise<Device | undefined> {
  const record = await store.get('DeviceCode', key)
  if (record === undefined || record.consumedAtEpochSeconds !== undefined) return undefined
  const { accountId, error, params } = record.value
  if (accountId !== undefined || error !== undefined) return undefined
  return { key, record, params: (params ?? {}) as JwtObject }
}

interface Asked {
  readonly request: HttpRequest
  readonly person: SignedInPerson
  readonly device: Device
  readonly userCode: string
}

async function ask(
  { request, person, device, userCode }: Asked,
  deps: DevicePageDeps,
): Promise<HttpResponse> {
  const { store, random, now, settings } = deps
  const clientId = String(device.record.value.clientId)
  const question = Buffer.from(random(QUESTION_BYTES)).toString('base64url')
  await store.put('DeviceQuestion', grantKey(question), {
    value: { deviceKey: device.key, subject: person.subject },
    expiresAtEpochSeconds: epochSeconds(now()) + DEVICE_CODE_SECONDS,
  })
  return confirmPage(request, {
    person,
    clientId,
    clientName: settings.clients.find(({ id }) => id === clientId)?.name ?? clientId,
    scope: String(device.params.scope ?? ''),
    userCode: `${userCode.slice(0, 4)}-${userCode.slice(4)}`,
    question,
    ...leadingTo(deps),
  })
}

interface Decision {
  readonly question: string
  readonly isAllowed: boolean
  readonly person: SignedInPerson
}

/** @throws {ServiceError} `sign_in_unknown` for a question that was put to somebody else, or answered before. */
async function decide({ question, isAllowed, person }: Decision, deps: DevicePageDeps): Promise<void> {
  const { store, now } = deps
  const key = grantKey(question)
  const asked = await store.get('DeviceQuestion', key)
  const isTheirs = asked?.value.subject === person.subject
  if (!isTheirs || !(await store.consume('DeviceQuestion', key))) throw new ServiceError('sign_in_unknown')
  const device = await findDevice(String(asked.value.deviceKey) as GrantKey, store)
  const isInTime = device !== undefined && Number(device.record.value.exp) > epochSeconds(now())
  if (!isInTime) throw new ServiceError('sign_in_unknown')
  const mayBe = isAllowed && !isClientId(deps.settings, person.subject)
  const outcome = mayBe ? await connection(device, person, deps) : REFUSED
  if (!(await store.decide('DeviceCode', device.key, { ...device.record.value, ...outcome }))) {
    throw new ServiceError('sign_in_unknown')
  }
}

const REFUSED = { error: 'access_denied', errorDescription: 'the person did not allow it' }

async function connection(
  { record, params }: Device,
  person: SignedInPerson,
  { engine, accounts }: DevicePageDeps,
): Promise<JwtObject> {
  const scope = String(params.scope ?? '')
  const resources = resourcesOf(params.resource)
  const clientId = String(record.value.clientId)
  const grantId = await approve({ person, clientId, scope, resources }, await engine(), accounts)
  return { accountId: person.subject, grantId, scope, resource: resources[0] }
}
