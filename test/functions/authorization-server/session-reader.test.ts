/** The load balancer's sign-in as the authorization server reads it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAlbSessionReader } from '../../../functions/authorization-server/session-reader.ts'
import { newCall } from '../../../functions/shared/call.ts'
import { createAlbIdentity } from '../../../functions/shared/identity/alb-identity.ts'
import {
  type AlbRegion,
  functionSettings,
  NOW_MS,
  requestWith,
  startAlbRegion,
} from '../../support/identity-fixture.ts'

const ISSUER = 'https://login.example.com'

let region: AlbRegion
beforeAll(async () => {
  region = await startAlbRegion(ISSUER)
})
afterAll(() => region.close())

function reader() {
  const { loadBalancer } = functionSettings(ISSUER)
  return createAlbSessionReader(createAlbIdentity({ loadBalancer, fetch: region.fetch, now: () => NOW_MS }))
}

describe('a person whom the load balancer signed in', () => {
  it('is known with their profile', async () => {
    const data = region.data({ name: 'Ada Lovelace', email: 'ada@example.com' })
    const call = newCall()
    const signedIn = await reader().read(requestWith({ 'x-amzn-oidc-data': data }, 'oidc', 'GET'), call)
    expect(signedIn).toEqual({
      person: {
        issuer: ISSUER,
        subject: 'ada',
        profile: { name: 'Ada Lovelace', email: 'ada@example.com' },
        authTimeEpochSeconds: undefined,
      },
      setCookies: [],
    })
    expect(call.notes.caller).toBe('alb-claims')
  })

  it('is nobody without the header', async () => {
    expect(await reader().read(requestWith({}, 'oidc', 'GET'), newCall())).toBeUndefined()
  })

  it('is refused with a header that does not hold', async () => {
    const data = `${region.data().slice(0, -8)}AAAAAAA=`
    const request = requestWith({ 'x-amzn-oidc-data': data }, 'oidc', 'GET')
    await expect(reader().read(request, newCall())).rejects.toMatchObject({ status: 401 })
  })

  for (const access of ['open', 'internal'] as const) {
    it(`is not believed in on the way ${access}, where a client writes its headers itself`, async () => {
      const request = requestWith({ 'x-amzn-oidc-data': region.data() }, access, 'GET')
      await expect(reader().read(request, newCall())).rejects.toMatchObject({ reason: 'service_refused' })
    })
  }
})
