import { describe, expect, it } from 'vitest'
import { REASONS, type Reason, ServiceError } from '../../../../functions/shared/errors.ts'
import { bearerChallenge } from '../../../../functions/shared/http/challenge.ts'

const METADATA = 'resource_metadata="https://flyte.example.com/.well-known/oauth-protected-resource"'
const challenge = (error: ServiceError) => bearerChallenge('https://flyte.example.com', error)

describe('the challenge of a 401', () => {
  it('says only where to find out how to sign in, if no token was sent', () => {
    expect(challenge(new ServiceError('credentials_missing'))).toBe(`Bearer ${METADATA}`)
  })

  const reasons = (Object.keys(REASONS) as Reason[]).filter((reason) => REASONS[reason].status === 401)
  for (const reason of reasons.filter((name) => name !== 'credentials_missing')) {
    it(`says that the token was refused for ${reason}`, () => {
      const value = challenge(new ServiceError(reason))
      expect(value).toBe(
        `Bearer error="invalid_token", error_description="${REASONS[reason].message}", ${METADATA}`,
      )
      // What RFC 6750 section 3 allows in a description.
      expect(REASONS[reason].message).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
    })
  }

  it('cannot be broken out of by a sentence with quotes', () => {
    const value = challenge(new ServiceError('token_malformed', { message: 'a "b" \\ c' }))
    expect(value).toContain(`error_description="a 'b' ' c"`)
  })
})
