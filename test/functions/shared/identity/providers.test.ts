/** The tokens of every provider that has a recipe, through all that reads them: verification, caller, userinfo. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newCall } from '../../../../functions/shared/call.ts'
import { ServiceError } from '../../../../functions/shared/errors.ts'
import type { Caller } from '../../../../functions/shared/identity/caller.ts'
import { createIdentity, type Identity } from '../../../../functions/shared/identity/identity.ts'
import { functionSettings, requestWith } from '../../../support/identity-fixture.ts'
import { NOW_SECONDS, PROVIDERS, type TokenFixture } from '../../../support/provider-tokens/index.ts'
import { type StandIn, startStandIn } from '../../../support/provider-tokens/stand-in.ts'

/** Who the token names before and after userinfo, or why it is refused. */
async function read(identity: Identity, token: string) {
  try {
    const resolved = await identity.resolveCaller(
      requestWith({ authorization: `Bearer ${token}` }),
      newCall(),
    )
    if (resolved === undefined) throw new TypeError('the token was not read')
    return { caller: resolved.caller, enriched: await identity.enrich(resolved, newCall()) }
  } catch (error) {
    if (error instanceof ServiceError) return { refused: error.reason }
    throw error
  }
}

type Expected = { refused: string } | { caller: Partial<Caller>; enriched: Partial<Caller> }

function expectedOf({ expected }: TokenFixture): Expected {
  return 'refused' in expected ? expected : { ...expected, enriched: expected.enriched ?? expected.caller }
}

for (const provider of PROVIDERS) {
  describe(`a token of ${provider.provider}`, () => {
    let standIn: StandIn
    let identity: Identity
    beforeAll(async () => {
      standIn = await startStandIn(provider)
      identity = createIdentity({
        settings: functionSettings(provider.issuer, {
          trustedIssuer: { issuer: provider.issuer, ...provider.rules },
          runs: { userinfoSubject: provider.userinfoSubject ?? 'match' },
        }),
        now: () => NOW_SECONDS * 1000,
        claimsStore: null,
        fetch: standIn.fetch,
      })
    })
    afterAll(() => standIn.close())

    for (const token of provider.tokens) {
      it(`is read as what it is: ${token.name}`, async () => {
        expect(await read(identity, await standIn.sign(token))).toMatchObject(expectedOf(token))
      })
    }
  })
}
