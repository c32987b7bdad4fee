import { describe, expect, it } from 'vitest'
import { describeCaller } from '../../../functions/console/person.ts'
import { hueOf, initialsOf } from '../../../functions/shared/html/initials.ts'
import type { Caller, Profile } from '../../../functions/shared/identity/caller.ts'

const caller = (profile: Profile, changes: Partial<Caller> = {}): Caller => ({
  kind: 'user',
  issuer: 'https://login.example.com/tenant',
  subject: 'u-1',
  clientId: undefined,
  scopes: [],
  profile,
  source: 'alb-claims',
  expiresAtEpochSeconds: undefined,
  ...changes,
})

describe('a caller', () => {
  const names: readonly [Profile, string][] = [
    [{ name: 'Ada Lovelace', givenName: 'A' }, 'Ada Lovelace'],
    [{ givenName: 'Ada', familyName: 'Lovelace' }, 'Ada Lovelace'],
    [{ familyName: 'Lovelace' }, 'Lovelace'],
    [{ preferredUsername: 'ada', email: 'ada@example.com' }, 'ada'],
    [{ email: 'ada@example.com' }, 'ada@example.com'],
    [{}, 'u-1'],
  ]
  for (const [profile, name] of names) {
    it(`with ${Object.keys(profile).join(' and ') || 'no profile'} is called ${name}`, () => {
      expect(describeCaller(caller(profile)).name).toBe(name)
    })
  }

  it('is told who signed them in, by host', () => {
    expect(describeCaller(caller({})).knownBy).toContain('login.example.com ')
  })

  it('is told the issuer as it is if that is no address', () => {
    expect(describeCaller(caller({}, { issuer: 'corporate' })).knownBy).toContain('corporate')
  })

  it('that sent a token is not said to come from the load balancer', () => {
    const { knownBy, kind } = describeCaller(caller({}, { source: 'bearer', kind: 'application' }))
    expect(knownBy).toMatch(/^You sent an access token/)
    expect(kind).toBe('Application')
  })
})

describe('initials', () => {
  const rows = [
    ['Ada Lovelace', 'AL'],
    ['Ada King Lovelace', 'AL'],
    ['ada', 'A'],
    ['ada@example.com', 'AC'],
    ['Łukasz Żak', 'ŁŻ'],
    ['(Ada) "Lovelace"', 'AL'],
    ['李 小龍', '李小'],
    ['', '?'],
    ['<>', '?'],
  ] as const
  for (const [name, initials] of rows) {
    it(`of ${name || 'nothing'} are ${initials}`, () => {
      expect(initialsOf(name)).toBe(initials)
    })
  }

  it('have the same colour whenever they stand for the same subject', () => {
    expect(hueOf('ada')).toBe(hueOf('ada'))
    expect(hueOf('')).toMatch(/^hue-[0-5]$/)
    expect(hueOf('\u{10ffff}'.repeat(500))).toMatch(/^hue-[0-5]$/)
  })
})
