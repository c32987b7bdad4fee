import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type * as z from 'zod'
import { SettingsError } from '../../../lib/settings/problems.ts'
import { fileSchema } from '../../../lib/settings/schema.ts'
import { parseSettings, readSettings } from '../../../lib/settings/settings.ts'
import { documentWith, settingsWith, type Tree } from '../fixtures.ts'

const EXAMPLE = fileURLToPath(new URL('../../../flyte.yaml', import.meta.url))

const server = (change: Tree): Tree => ({ auth: { appAuth: { externalAuthServer: change } } })
const COGNITO = 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc'

describe('settings that are accepted', () => {
  it('takes the example file as it is', () => {
    expect(readSettings(EXAMPLE).resolved.publicUrl).toBe('https://flyte.example.com')
  })

  it('shows every key of the schema in the example file', () => {
    const example = readFileSync(EXAMPLE, 'utf8')
    const hidden = ['httpAuthorizationHeader', 'disableForHttp', 'disableForGrpc', 'audienceClaim']
    const keys = keysOf(fileSchema).filter((path) => !path.some((key) => hidden.includes(key)))
    expect(keys.map((path) => path.at(-1) ?? '').filter((key) => !example.includes(`${key}:`))).toEqual([])
  })

  it('fills in what follows from other settings', () => {
    const { resolved, auth } = settingsWith()
    expect(resolved).toMatchObject({
      domainName: 'flyte.example.com',
      hosts: ['flyte.example.com'],
      openIdIssuer: 'https://id.example.com',
      authorizationServerUrl: 'https://id.example.com',
      tokenProxyPublicUrl: 'https://flyte.example.com',
    })
    expect(auth.appAuth.externalAuthServer.retryDelay).toBe(1000)
  })

  it('expects the public URLs as audience and RS256 unless told otherwise', () => {
    expect(settingsWith().resolved.trustedIssuers).toEqual([
      {
        issuer: 'https://id.example.com',
        jwksUri: 'https://id.example.com/keys',
        algorithms: ['RS256'],
        audiences: ['https://flyte.example.com'],
        audienceClaim: 'aud',
      },
    ])
  })

  it('keeps an issuer character by character, with its slash at the end', () => {
    const { resolved } = settingsWith(server({ issuer: 'https://tenant.auth0.com/' }))
    expect(resolved.trustedIssuers[0].issuer).toBe('https://tenant.auth0.com/')
  })

  it('reads client_id and expects its own clients when the issuer is Cognito', () => {
    const [issuer] = settingsWith(server({ issuer: COGNITO })).resolved.trustedIssuers
    expect(issuer).toMatchObject({ audienceClaim: 'client_id', audiences: ['flyte-cli', 'flyte-console'] })
  })

  it('gives additional issuers the audiences and algorithms of the first', () => {
    const change = server({
      allowedAudience: ['api://flyte'],
      additionalIssuers: [{ issuer: 'https://sts.windows.net/tenant/' }],
    })
    const { resolved } = settingsWith({ ...change, ingress: { jwtValidation: false } })
    expect(resolved.trustedIssuers[1]).toEqual({
      issuer: 'https://sts.windows.net/tenant/',
      jwksUri: null,
      algorithms: ['RS256'],
      audiences: ['api://flyte'],
      audienceClaim: 'aud',
    })
  })

  it('drops the slash after a public URL and ignores the case of its host', () => {
    expect(
      settingsWith({ auth: { authorizedUris: ['https://Flyte.example.com/'] } }).resolved.publicUrl,
    ).toBe('https://flyte.example.com')
  })

  for (const host of ['localhost:8080', '127.0.0.1:8080', '[::1]:8080']) {
    it(`takes plain http for ${host}, which never leaves the machine`, () => {
      const certificateArn = 'arn:aws:acm:eu-west-1:000000000000:certificate/local'
      const change = { auth: { authorizedUris: [`http://${host}`] }, domain: { certificateArn } }
      expect(settingsWith(change).resolved.publicUrl).toBe(`http://${host}`)
    })
  }

  it('takes lengths of time as Flyte writes them', () => {
    expect(settingsWith(server({ retryDelay: '30.5s' }))).toMatchObject({
      auth: { appAuth: { externalAuthServer: { retryDelay: 30_500 } } },
    })
  })

  it('takes a key with nothing after it for one that is left out', () => {
    expect(settingsWith({ network: null, domain: { certificateArn: null } }).network).toEqual({})
  })

  it('leaves the key set to discovery when the load balancer does not verify tokens', () => {
    const settings = settingsWith({
      ...server({ jwksUri: undefined, algorithms: ['ES256'] }),
      ingress: { jwtValidation: false },
    })
    expect(settings.resolved.trustedIssuers[0]).toMatchObject({ jwksUri: null, algorithms: ['ES256'] })
  })
})

describe("an auth block in the words of Flyte's Helm chart", () => {
  it('is taken as it is, apart from secrets', () => {
    const { baseUrl, clientId, ...endpoints } = (documentWith() as { auth: { userAuth: { openId: Tree } } })
      .auth.userAuth.openId
    const { auth } = settingsWith({
      auth: {
        enabled: true,
        enableAuthServer: false,
        oidc: { baseUrl, clientId },
        flyteClient: {
          clientId: 'flytectl',
          redirectUri: 'http://localhost:53593/callback',
          scopes: ['all'],
          audience: '',
        },
        userAuth: { openId: { ...endpoints, baseUrl: undefined, clientId: undefined } },
        appAuth: { thirdPartyConfig: undefined },
      },
    })
    expect(auth.userAuth.openId).toMatchObject({ baseUrl, clientId })
    expect(auth.appAuth).toMatchObject({
      authServerType: 'External',
      thirdPartyConfig: { flyteClient: { clientId: 'flytectl' } },
    })
  })

  it('may repeat a key in both spellings when they agree', () => {
    expect(
      settingsWith({ auth: { oidc: { clientId: 'flyte-console' } } }).auth.userAuth.openId.clientId,
    ).toBe('flyte-console')
  })

  it('takes the clients of an internal authorization server without their secrets', () => {
    const staticClients = {
      'flyte-cli': { id: 'flyte-cli', public: true, redirect_uris: ['http://localhost:53593/callback'] },
    }
    const change = { auth: { appAuth: { selfAuthServer: { staticClients, accessTokenLifespan: '30m0s' } } } }
    expect(settingsWith(change).auth.appAuth.selfAuthServer.accessTokenLifespan).toBe(1_800_000)
  })
})

describe('the message about settings that are refused', () => {
  const broken = `
colour: red
aws: { region: Ireland }
auth:
  authorizedUri: [https://flyte.example.com]
  userAuth: { openId: { baseUrl: http://id.example.com, scopes: [profile] } }
domain: { zoneName: example.com }
runs: { domains: [] }
`

  it('lists every problem at once, those between settings too', () => {
    expect(() => parseSettings(broken)).toThrow(SettingsError)
    const paths = pathsOf(broken)
    for (const path of [
      'colour',
      'aws.region',
      'auth.authorizedUri',
      'auth.authorizedUris',
      'auth.userAuth.openId.baseUrl',
      'auth.userAuth.openId.clientId',
      'auth.userAuth.openId.authorizationEndpoint',
      'auth.userAuth.openId.scopes',
      'auth.appAuth.thirdPartyConfig.flyteClient.clientId',
      'domain.hostedZoneId',
      'domain.certificateArn',
      'runs.domains',
    ]) {
      expect(paths).toContain(path)
    }
    expect(new Set(paths).size).toBe(paths.length)
  })

  it('names the file, counts the problems and has one line for each', () => {
    const [first, ...lines] = messageOf(broken).split('\n')
    expect(first).toBe(`settings.yaml has ${lines.length} problems:`)
    expect(lines.every((line) => line.startsWith('  - '))).toBe(true)
  })

  it('suggests the key that was meant', () => {
    expect(messageOf(broken)).toContain('did you mean authorizedUris?')
  })

  it('says where to find what the provider publishes', () => {
    expect(messageOf(broken)).toContain(
      '"authorization_endpoint" in the provider\'s .well-known/openid-configuration',
    )
  })

  it('never repeats a value of the file', () => {
    const message = messageOf(
      'aws: { region: s3cr3t }\nauth: { userAuth: { openId: { clientSecret: hunter2 } } }',
    )
    expect(message).not.toMatch(/s3cr3t|hunter2/)
  })

  it('names the line of a file that is not YAML', () => {
    expect(pathsOf('aws: [1\nauth: }')[0]).toMatch(/^line \d$/)
  })

  it('says that a file is missing in one sentence', () => {
    expect(() => readSettings('/nowhere/flyte.yaml')).toThrow(/^\/nowhere\/flyte.yaml has 1 problem:/)
  })

  it('asks for everything when the file is empty', () => {
    expect(pathsOf('')).toContain('aws.region')
  })
})

function messageOf(yaml: string): string {
  try {
    parseSettings(yaml, { source: 'settings.yaml' })
  } catch (error) {
    if (error instanceof SettingsError) return error.message
  }
  return ''
}

function pathsOf(yaml: string): string[] {
  try {
    parseSettings(yaml)
  } catch (error) {
    if (error instanceof SettingsError) return error.problems.map(({ path }) => path)
  }
  return []
}

/** Every key of a schema, as a path. Follows sections, defaults and optional sections. */
function keysOf(schema: z.core.$ZodType, path: string[] = []): string[][] {
  const definition = schema._zod.def as {
    innerType?: z.core.$ZodType
    shape?: Record<string, z.core.$ZodType>
    element?: z.core.$ZodType
    in?: z.core.$ZodType
  }
  const inner = definition.innerType ?? definition.element ?? definition.in
  if (inner !== undefined) return keysOf(inner, path)
  return Object.entries(definition.shape ?? {}).flatMap(([key, value]) => [
    [...path, key],
    ...keysOf(value, [...path, key]),
  ])
}
