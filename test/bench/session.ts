/**
 * What a session costs a request: from its cookies to the caller, with the ID token verified, in a process that has
 * seen the provider's keys before.
 *
 * Prints JSON to the file named by the first argument.
 */
import { writeFileSync } from 'node:fs'
import { requestFromEvent } from '../../functions/shared/alb/event.ts'
import { newCall } from '../../functions/shared/call.ts'
import { systemRandomBytes } from '../../functions/shared/random.ts'
import { writeSession } from '../../functions/shared/session/session-cookies.ts'
import { openJar } from '../../functions/shared/session/session-reader.ts'
import { createSessions } from '../../functions/shared/session/sessions.ts'
import { bearerToken, cookieKeys, ISSUER, idToken, jwks, openIdDocumentOf, userinfo } from './credentials.ts'
import { median, quantile } from './figures.ts'
import { browserEvent } from './requests.ts'
import { signInSettings } from './settings.ts'

const CALLS = 4_000
const WARM_UP_CALLS = 3_000

const settings = signInSettings()
const now = () => Date.now()
const never = () => Promise.reject(new Error('nothing is refreshed here'))
const sessions = createSessions({
  settings,
  readSecret: async () => JSON.stringify(cookieKeys),
  refreshStore: { claim: never, look: never, complete: never, refuse: never, release: never },
  endedStore: { end: never, endedAt: async () => undefined, useOnce: never },
  fetch: async (url) => ({
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify(String(url).endsWith('/jwks') ? jwks : openIdDocumentOf(ISSUER))),
  }),
  now,
  random: systemRandomBytes,
})

/** The cookies that a sign-in leaves in a browser. */
async function cookieHeader(): Promise<string> {
  const keys = await sessions.cookieKeys()
  const jar = openJar({ settings: settings.session, now, random: systemRandomBytes }, keys, new Map())
  const lines = writeSession(jar, {
    tokens: { idToken: idToken(), accessToken: bearerToken, refreshToken: 'refresh' },
    userinfo,
    record: { id: 'session', startedAtEpochSeconds: Math.floor(now() / 1000), sid: undefined },
  })
  return lines.map((line) => line.split('; ', 1)[0]).join('; ')
}

const request = requestFromEvent(browserEvent('/v2', 'bench', [await cookieHeader()]))

async function callOnce(): Promise<number> {
  const startedMs = performance.now()
  const caller = await sessions.sessionCaller(request, newCall())
  const tookMs = performance.now() - startedMs
  if (caller?.subject !== userinfo.sub) throw new Error('the session is not read')
  return tookMs
}

for (let call = 0; call < WARM_UP_CALLS; call += 1) await callOnce()
const callsMs: number[] = []
for (let call = 0; call < CALLS; call += 1) callsMs.push(await callOnce())
const result = { p50Ms: median(callsMs), p99Ms: quantile(callsMs, 0.99) }
writeFileSync(process.argv[2] as string, JSON.stringify(result))
