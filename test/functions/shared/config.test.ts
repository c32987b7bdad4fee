import { describe, expect, it } from 'vitest'
import { ConfigError, readConfig, requireSetting } from '../../../functions/shared/config.ts'
import { functionSettings } from '../../support/identity-fixture.ts'

const settings = functionSettings('https://id.example.com')

function problemsOf(environment: Record<string, string | undefined>): readonly string[] {
  try {
    readConfig(environment)
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    for (const problem of error.problems) expect(error.message).toContain(problem)
    return error.problems
  }
}

/** The settings with one of them replaced, or left out if the value is undefined. */
function changed(path: string, value: unknown): string {
  const copy = structuredClone(settings) as unknown as Record<string, unknown>
  const keys = path.split('.')
  const last = keys.pop() as string
  const parent = keys.reduce((at, key) => at[key] as Record<string, unknown>, copy)
  parent[last] = value
  return JSON.stringify(copy)
}

describe('the configuration of a function', () => {
  it('is read from what the stack put into its environment', () => {
    const config = readConfig({
      FLYTE_SETTINGS: JSON.stringify(settings),
      RUNS_TABLE: 'runs',
      AUTH_TABLE: 'auth',
    })
    expect(config).toEqual({
      settings,
      publicUrl: settings.authorizedUris[0]?.replace(/\/$/, ''),
      runsTable: 'runs',
      authTable: 'auth',
      tracing: false,
    })
  })

  it('needs no table that a function has no access to', () => {
    const config = readConfig({ FLYTE_SETTINGS: JSON.stringify(settings) })
    expect(config).toMatchObject({ runsTable: undefined, authTable: undefined })
  })

  it('has a public URL without a trailing slash', () => {
    const FLYTE_SETTINGS = changed('authorizedUris', ['https://flyte.example.com//', 'https://*.example.com'])
    expect(readConfig({ FLYTE_SETTINGS }).publicUrl).toBe('https://flyte.example.com')
  })

  it('traces only if it is told to', () => {
    const FLYTE_SETTINGS = JSON.stringify(settings)
    expect(readConfig({ FLYTE_SETTINGS, POWERTOOLS_TRACE_ENABLED: 'true' }).tracing).toBe(true)
    expect(readConfig({ FLYTE_SETTINGS, POWERTOOLS_TRACE_ENABLED: 'false' }).tracing).toBe(false)
  })

  const refused: [path: string, value: unknown][] = [
    ['authorizedUris', []],
    ['authorizedUris', ['https://*.example.com']],
    ['authorizedUris.0', 'S3CRET'],
    ['authorizedUris.0', ''],
    ['auth', undefined],
    ['auth.userAuth.openId.baseUrl', 'S3CRET'],
    ['auth.userAuth.openId.clientId', ''],
    ['auth.appAuth.authServerType', 'S3CRET'],
    ['auth.appAuth.externalAuthServer.retryAttempts', 0],
    ['auth.appAuth.externalAuthServer.retryAttempts', 1.5],
    ['auth.appAuth.externalAuthServer.retryDelayMs', -1],
    ['auth.appAuth.thirdPartyConfig.flyteClient.authorizationMetadataKey', ''],
    ['auth.tokenEndpointProxyConfig.enabled', 'yes'],
    ['auth.trustedIssuers', []],
    ['auth.trustedIssuers.0.audiences', []],
    ['auth.trustedIssuers.0.audiences.0', ''],
    ['auth.trustedIssuers.0.algorithms', []],
    ['auth.trustedIssuers.0.algorithms.0', 'none'],
    ['auth.trustedIssuers.0.algorithms.0', 'HS256'],
    ['auth.trustedIssuers.0.audienceClaim', undefined],
    ['runs.trustForwardedIdentityHeaders', undefined],
    ['runs.trustForwardedIdentityHeaders', 'false'],
    ['runs.userinfoSubject', 'S3CRET'],
    ['runs.domains', []],
    ['loadBalancer.arn', ''],
    ['loadBalancer.issuer', undefined],
    ['loadBalancer.sessionCookieName', ''],
    ['loadBalancer.sessionTimeoutSeconds', 0],
  ]
  for (const [path, value] of refused) {
    it(`is refused if ${path} is ${JSON.stringify(value)}, which is named but not repeated`, () => {
      const problems = problemsOf({ FLYTE_SETTINGS: changed(path, value) })
      expect(problems).toHaveLength(1)
      expect(problems[0]).toMatch(/^FLYTE_SETTINGS\.\S+: .+/)
      expect(problems[0]?.startsWith(`FLYTE_SETTINGS.${path}:`)).toBe(true)
      expect(problems[0]).not.toContain('S3CRET')
    })
  }

  it('is refused with a key that nobody reads, which is named because it is misspelt', () => {
    expect(problemsOf({ FLYTE_SETTINGS: changed('runs.userInfoSubject', 'match') })).toEqual([
      'FLYTE_SETTINGS.runs: unknown userInfoSubject',
    ])
  })

  it('is refused with every problem at once', () => {
    const broken = JSON.parse(changed('runs.domains', [])) as { authorizedUris: unknown }
    broken.authorizedUris = 'S3CRET'
    expect(problemsOf({ FLYTE_SETTINGS: JSON.stringify(broken), RUNS_TABLE: '', AUTH_TABLE: '' })).toEqual([
      'RUNS_TABLE: too small',
      'AUTH_TABLE: too small',
      'FLYTE_SETTINGS.authorizedUris: missing, or not array',
      'FLYTE_SETTINGS.runs.domains: too small',
    ])
  })

  for (const FLYTE_SETTINGS of ['S3CRET', '{', 'null', '[]', '"S3CRET"']) {
    it(`is refused if the settings are ${FLYTE_SETTINGS}`, () => {
      expect(problemsOf({ FLYTE_SETTINGS })).toEqual(['FLYTE_SETTINGS: missing, or not object'])
    })
  }

  for (const FLYTE_SETTINGS of [undefined, '']) {
    it(`is refused if the settings are ${JSON.stringify(FLYTE_SETTINGS)}`, () => {
      expect(problemsOf({ FLYTE_SETTINGS })).toEqual([expect.stringMatching(/^FLYTE_SETTINGS: /)])
    })
  }
})

describe('a setting that a function cannot do without', () => {
  it('is given back if it is there', () => expect(requireSetting('runs', 'RUNS_TABLE')).toBe('runs'))

  it('stops the function if it is not', () => {
    expect(() => requireSetting(undefined, 'RUNS_TABLE')).toThrow(
      expect.objectContaining({ problems: ['RUNS_TABLE: missing'] }),
    )
  })
})
