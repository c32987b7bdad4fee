/** Each provider that has a recipe: told by its address, and its tokens read as the functions read them. */
import { describe, expect, it } from 'vitest'
import { parseCheckArguments } from '../../../cli/provider-check/arguments.ts'
import { clientOf, isApplication, kindOf } from '../../../cli/provider-check/principal.ts'
import { settingsOf, toYaml } from '../../../cli/provider-check/settings-block.ts'
import { browserFindings, clientFindings } from '../../../cli/provider-check/sign-in.ts'
import { vendorOf } from '../../../cli/provider-check/vendor.ts'
import { ServiceError } from '../../../functions/shared/errors.ts'
import { callerOfAccessToken } from '../../../functions/shared/identity/claims.ts'
import { assertAccessTokenKind } from '../../../functions/shared/tokens/token-kind.ts'
import { parseSettings } from '../../../lib/settings/settings.ts'
import { type Claims, PROVIDERS, type ProviderFixture } from '../../support/provider-tokens/index.ts'

function isAccessToken(header: Claims, claims: Claims): boolean {
  try {
    assertAccessTokenKind(header, claims)
    return true
  } catch (error) {
    if (error instanceof ServiceError) return false
    throw error
  }
}

function callerOf(claims: Claims) {
  const { kind, clientId } = callerOfAccessToken(
    { issuer: String(claims.iss), subject: String(claims.sub), expiresAtEpochSeconds: 0, claims },
    'bearer',
  )
  return { isApplication: kind === 'application', client: clientId }
}

const TITLES: Readonly<Record<string, string>> = {
  Okta: 'okta',
  'Okta, the organisation’s own server': 'okta-org',
  Google: 'google',
  'GCP Identity Platform': 'identity-platform',
  'Entra ID': 'entra',
  'Entra ID, version 1': 'entra',
  Auth0: 'auth0',
  Keycloak: 'keycloak',
  Cognito: 'cognito',
  Dex: 'other',
  'Dex without acceptIdTokens': 'other',
}

/** The checks that say "change" of what the provider documents about itself. */
function changesOf({ issuer, metadata }: ProviderFixture): string[] {
  const { name } = vendorOf(issuer)
  const findings = [...browserFindings(metadata, name), ...clientFindings(metadata, name)]
  return findings.filter(({ level }) => level === 'change').map(({ check }) => check)
}

for (const provider of PROVIDERS) {
  describe(`the check of ${provider.provider}`, () => {
    it('knows it by its address', () => {
      expect(vendorOf(provider.issuer).name).toBe(TITLES[provider.provider])
    })

    for (const { name, header, claims } of provider.tokens) {
      it(`reads the token as the functions do: ${name}`, () => {
        expect(kindOf(header, claims) === 'access').toBe(isAccessToken(header, claims))
        expect({
          isApplication: isApplication(claims, String(claims.iss)),
          client: clientOf(claims),
        }).toEqual(callerOf(claims))
      })
    }
  })
}

describe('the token of a workload', () => {
  for (const claim of ['https://sts.amazonaws.com/', 'kubernetes.io']) {
    it(`is an application's by ${claim}, here as in the functions`, () => {
      const claims = { iss: 'https://id.example.com', sub: 'a', [claim]: {} }
      expect(callerOf(claims).isApplication).toBe(true)
      expect(isApplication(claims, claims.iss)).toBe(true)
    })
  }
})

/** The settings that the check tells to paste, with clients named. */
function blockFor({ issuer, metadata }: ProviderFixture): string {
  const clients = ['--client-id', 'flyte-web', '--cli-client-id', 'flyte-cli']
  const argv = [issuer, ...clients, '--public-url', 'https://flyte.example.com']
  return toYaml(settingsOf(metadata, issuer, parseCheckArguments(argv)))
}

describe('the settings to paste', () => {
  const place = 'aws: { region: eu-west-1 }\ndomain: { hostedZoneId: Z0123456789, zoneName: example.com }\n'
  const canSignIn = PROVIDERS.filter(({ metadata }) => metadata.authorization_endpoint !== undefined)
  for (const provider of canSignIn) {
    it(`of ${provider.provider} are such that the deployment takes them`, () => {
      const { auth } = parseSettings(place + blockFor(provider))
      expect(auth.userAuth.openId.baseUrl).toBe(provider.issuer)
    })
  }

  it('have a name in place of what a provider does not have', () => {
    for (const provider of PROVIDERS.filter((one) => !canSignIn.includes(one))) {
      expect(blockFor(provider)).toContain('<authorization_endpoint>')
    }
  })
})

describe('what the check says must change', () => {
  const expected: Record<string, string[]> = {
    Okta: [],
    'Okta, the organisation’s own server': ['access-tokens'],
    Google: ['access-tokens'],
    'GCP Identity Platform': [
      'authorization-endpoint',
      'token-endpoint',
      'userinfo-endpoint',
      'authorization-code',
    ],
    'Entra ID': [],
    Auth0: [],
    Keycloak: [],
    Cognito: [],
    Dex: [],
  }
  for (const [name, changes] of Object.entries(expected)) {
    it(`of ${name} is ${changes.length === 0 ? 'nothing' : changes.join(', ')}`, () => {
      const provider = PROVIDERS.find((one) => one.provider === name)
      expect(provider && changesOf(provider)).toEqual(changes)
    })
  }
})
