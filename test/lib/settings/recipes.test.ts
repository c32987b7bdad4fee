/** The recipes for identity providers: what they tell to paste is accepted, and is for the tokens that are tested. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseSettings, type Settings } from '../../../lib/settings/settings.ts'
import { AUTH0 } from '../../support/provider-tokens/auth0.ts'
import { COGNITO } from '../../support/provider-tokens/cognito.ts'
import { DEX } from '../../support/provider-tokens/dex.ts'
import { ENTRA, ENTRA_V1 } from '../../support/provider-tokens/entra.ts'
import { GOOGLE, IDENTITY_PLATFORM } from '../../support/provider-tokens/google.ts'
import { KEYCLOAK } from '../../support/provider-tokens/keycloak.ts'
import { OKTA, OKTA_ORG } from '../../support/provider-tokens/okta.ts'
import type { ProviderFixture } from '../../support/provider-tokens/types.ts'

const DIRECTORY = join(import.meta.dirname, '..', '..', '..', 'docs', 'identity-providers')
const INDEX = 'README.md'
const PLACE = 'aws: { region: eu-west-1 }\ndomain: { hostedZoneId: Z0123456789, zoneName: example.com }\n'

/** For each block of a recipe: whom browsers sign in with, and whose tokens are accepted; undefined: our own. */
interface Block {
  readonly browsers: ProviderFixture
  readonly tokens?: ProviderFixture
}

const RECIPES: Readonly<Record<string, readonly Block[]>> = {
  'okta.md': [{ browsers: OKTA, tokens: OKTA }, { browsers: OKTA_ORG }],
  'google.md': [{ browsers: GOOGLE }, { browsers: GOOGLE, tokens: GOOGLE }],
  'microsoft-entra-id.md': [
    { browsers: ENTRA, tokens: ENTRA },
    { browsers: ENTRA, tokens: ENTRA_V1 },
  ],
  'auth0.md': [{ browsers: AUTH0, tokens: AUTH0 }],
  'keycloak.md': [{ browsers: KEYCLOAK, tokens: KEYCLOAK }],
  'amazon-cognito.md': [{ browsers: COGNITO, tokens: COGNITO }],
  'gcp-identity-platform.md': [{ browsers: GOOGLE }, { browsers: GOOGLE, tokens: IDENTITY_PLATFORM }],
  'dex.md': [{ browsers: DEX }, { browsers: DEX, tokens: DEX }],
}

const read = (file: string) => readFileSync(join(DIRECTORY, file), 'utf8')

function blocksOf(file: string): string[] {
  return [...read(file).matchAll(/^```yaml\n(auth:.*?)^```$/gms)].map(([, block = '']) => block)
}

/** The heading ids that a link can lead to. */
function anchorsOf(text: string): string[] {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading)
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\s-]/g, '')
      .replaceAll(' ', '-'),
  )
}

function expectBrowsers({ auth, resolved }: Settings, { issuer, metadata }: ProviderFixture): void {
  const { openId } = auth.userAuth
  expect(resolved.openIdIssuer).toBe(issuer)
  expect(openId.authorizationEndpoint).toBe(metadata.authorization_endpoint)
  expect(openId.tokenEndpoint).toBe(metadata.token_endpoint)
  expect(openId.userInfoEndpoint).toBe(metadata.userinfo_endpoint)
  // Asking for a scope that is not there is an error at most providers.
  expect(metadata.scopes_supported).toEqual(expect.arrayContaining(openId.scopes))
}

const DEPLOYMENT = 'https://flyte.example.com'

/** How tokens are to be checked: those of a provider, or our own. */
function rulesFor(tokens: ProviderFixture | undefined) {
  const algorithms = ['RS256']
  if (tokens === undefined) {
    const jwksUri = `${DEPLOYMENT}/oauth2/jwks`
    return { issuer: DEPLOYMENT, jwksUri, algorithms, audiences: [DEPLOYMENT], audienceClaim: 'aud' }
  }
  const { issuer, metadata, rules } = tokens
  return { issuer, jwksUri: metadata.jwks_uri, algorithms, audienceClaim: 'aud', ...rules }
}

describe('the recipes for identity providers', () => {
  it('are all known here, and listed on their first page', () => {
    const files = readdirSync(DIRECTORY).sort()
    expect(files).toEqual([...Object.keys(RECIPES), INDEX].sort())
    for (const file of Object.keys(RECIPES)) expect(read(INDEX)).toContain(`(${file})`)
  })

  it('lead to pages and headings that are there', () => {
    for (const file of [...Object.keys(RECIPES), INDEX]) {
      for (const [, path = '', anchor] of read(file).matchAll(/\]\(([^)#:]*)(?:#([^)]+))?\)/g)) {
        const target = join(DIRECTORY, path === '' ? file : path)
        expect(existsSync(target), `${file} → ${path}`).toBe(true)
        if (anchor !== undefined) expect(anchorsOf(readFileSync(target, 'utf8'))).toContain(anchor)
      }
    }
  })

  for (const [file, blocks] of Object.entries(RECIPES)) {
    it(`${file} has as many settings to paste as it should`, () => {
      expect(blocksOf(file)).toHaveLength(blocks.length)
    })

    for (const [index, { browsers, tokens }] of blocks.entries()) {
      it(`${file} has settings that can be pasted, of ${browsers.provider} (${index + 1})`, () => {
        const settings = parseSettings(PLACE + blocksOf(file)[index])
        expectBrowsers(settings, browsers)
        expect(settings.resolved.trustedIssuers).toContainEqual(rulesFor(tokens))
      })
    }
  }
})
