import { describe, expect, it } from 'vitest'
import { createRedirectResolver, MAX_REDIRECT_LENGTH } from '../../../functions/login/redirect-target.ts'
import { AUTHORIZED_URIS, SITE } from './fixture.ts'

const resolve = createRedirectResolver({ authorizedUris: AUTHORIZED_URIS, landingPath: '/v2' })

describe('where a person goes on to', () => {
  const accepted: [string, string | undefined, string][] = [
    ['nothing said', undefined, `${SITE}/v2`],
    ['nothing at all', '', `${SITE}/v2`],
    ['a path', '/v2/runs/1', `${SITE}/v2/runs/1`],
    ['the root', '/', `${SITE}/`],
    ['a path with a query and a fragment', '/v2?project=a&b=c#run', `${SITE}/v2?project=a&b=c#run`],
    [
      'a query with an address in it',
      '/v2?next=https://evil.example',
      `${SITE}/v2?next=https://evil.example`,
    ],
    ['a path with dots', '/a/../v2', `${SITE}/v2`],
    ['a path with an encoded slash inside', '/v2/runs%2F1', `${SITE}/v2/runs%2F1`],
    ['a path in another script', '/v2/größe', `${SITE}/v2/gr%C3%B6%C3%9Fe`],
    ['an authorizedUri', 'https://flyte.example.org:8443/v2', 'https://flyte.example.org:8443/v2'],
    ['its own site in full', `${SITE}/v2`, `${SITE}/v2`],
    ['its own site in capitals', 'HTTPS://FLYTE.example.com/v2', `${SITE}/v2`],
    ['its own site with the usual port', 'https://flyte.example.com:443/v2', `${SITE}/v2`],
    ['one level below a wildcard', 'https://a.apps.example.com/x', 'https://a.apps.example.com/x'],
    ['an at sign in the query', '/v2?owner=ada@example.com', `${SITE}/v2?owner=ada@example.com`],
  ]
  for (const [what, given, result] of accepted) {
    it(`is found: ${what}`, () => expect(resolve(given, SITE)).toBe(result))
  }

  const refused: [string, string][] = [
    ['two slashes', '//evil.example'],
    ['three slashes', '///evil.example'],
    ['a slash and a backslash', '/\\evil.example'],
    ['a backslash and a slash', '\\/evil.example'],
    ['two backslashes', '\\\\evil.example'],
    ['a backslash anywhere', '/v2\\..\\..'],
    ['a scheme with one slash', 'http:/evil.example'],
    ['a scheme with three slashes', 'http:///evil.example'],
    ['a scheme with none', 'https:evil.example'],
    ['our scheme and one slash', 'https:/flyte.example.com/v2'],
    ['a scheme with backslashes', 'https:\\\\evil.example'],
    ['a scheme with a slash and a backslash', 'https:/\\evil.example'],
    ['another site', 'https://evil.example/v2'],
    ['our site without TLS', 'http://flyte.example.com/v2'],
    ['our site on another port', 'https://flyte.example.com:8443/v2'],
    ['an authorizedUri without its port', 'https://flyte.example.org/v2'],
    ['a tab before the slashes', '\t//evil.example'],
    ['a tab between the slashes', '/\t/evil.example'],
    ['a line break between the slashes', '/\n/evil.example'],
    ['a carriage return between the slashes', '/\r/evil.example'],
    ['a null byte', '/\u0000/evil.example'],
    ['a space first', ' //evil.example'],
    ['a space inside', '/v2 /x'],
    ['our name as a user', 'https://flyte.example.com@evil.example/'],
    ['our name as a user with a password', 'https://flyte.example.com:443@evil.example/'],
    ['a user on our site', 'https://eve@flyte.example.com/'],
    ['an empty user on our site', 'https://@flyte.example.com/'],
    ['an encoded at sign in the host', 'https://flyte.example.com%40evil.example/'],
    ['a host that begins like ours', 'https://flyte.example.com.evil.example/'],
    ['a host that ends like ours', 'https://evilflyte.example.com/'],
    ['our host with a dot behind it', 'https://flyte.example.com./'],
    ['our host with a letter of another script', 'https://fl\u0443te.example.com/'],
    ['our host in wide letters and another behind it', 'https://flyte.example.com\uff0eevil.example/'],
    ['a wide slash in the host', 'https://evil.example\uff0fflyte.example.com/'],
    ['an encoded slash in the host', 'https://evil.example%2fflyte.example.com/'],
    ['a question mark before our host', 'https://evil.example?flyte.example.com'],
    ['a hash before our host', 'https://evil.example#flyte.example.com'],
    ['a backslash before our host', 'https://evil.example\\.flyte.example.com'],
    ['two levels below a wildcard', 'https://a.b.apps.example.com/'],
    ['what a wildcard is below', 'https://apps.example.com/'],
    ['nothing before a wildcard’s dot', 'https://.apps.example.com/'],
    ['a wildcard’s end as the start of another', 'https://a.apps.example.com.evil.example/'],
    ['an encoded slash first', '/%2fevil.example'],
    ['an encoded slash first, in capitals', '/%2Fevil.example'],
    ['an encoded backslash first', '/%5cevil.example'],
    ['a slash that was encoded twice', '/%252fevil.example'],
    ['an encoded tab', '/%09/evil.example'],
    ['an encoded line break', '/v2%0d%0aset-cookie:x=y'],
    ['a line break that was encoded twice', '/v2%250d%250a'],
    ['an encoded null byte', '/v2%00'],
    ['dots that leave two slashes', '/.//evil.example'],
    ['dots that go up to two slashes', '/a/..//evil.example'],
    ['encoded dots that leave two slashes', '/%2e//evil.example'],
    ['our site with two slashes behind it', 'https://flyte.example.com//evil.example'],
    ['a script', 'javascript:alert(1)'],
    ['a script in capitals', 'JaVaScRiPt:alert(1)'],
    ['a document', 'data:text/html,x'],
    ['a file', 'file:///etc/passwd'],
    ['a web socket', 'wss://flyte.example.com/'],
    ['a relative path', 'v2'],
    ['a relative path with a colon', './x:y'],
    ['a query alone', '?x=y'],
    ['a fragment alone', '#x'],
    ['something that is no address', 'https://['],
    ['a port that is none', 'https://flyte.example.com:99999/'],
    ['the sign-in itself', '/login'],
    ['the sign-in itself, with a slash', '/login/'],
    ['the sign-in itself, by way of dots', '/v2/../LOGIN?redirect_url=/'],
    ['the callback', '/callback?code=x'],
    ['the sign-out', '/logout'],
    ['the sign-out in full', `${SITE}/logout`],
    ['something too long', `/${'x'.repeat(MAX_REDIRECT_LENGTH)}`],
    ['something that becomes too long', `/${'語'.repeat(MAX_REDIRECT_LENGTH / 8)}`],
  ]
  for (const [what, given] of refused) {
    it(`is refused: ${what}`, () => {
      expect(() => resolve(given, SITE)).toThrow(
        expect.objectContaining({ reason: 'redirect_refused', status: 400 }),
      )
    })
  }

  it('is never on another site, whatever a browser makes of it', () => {
    const pieces = [
      '/',
      '\\',
      '//',
      ':',
      '@',
      '.',
      '%2f',
      '%5c',
      '\t',
      '?',
      '#',
      'https',
      'evil.example',
      'flyte.example.com',
    ]
    let state = 12_345
    const next = (below: number) => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
      return state % below
    }
    for (let round = 0; round < 20_000; round += 1) {
      const given = Array.from({ length: 1 + next(7) }, () => pieces[next(pieces.length)]).join('')
      let result: string
      try {
        result = resolve(given, SITE)
      } catch {
        continue
      }
      // As a Location header: resolved against the page that answered.
      expect(new URL(result, `${SITE}/login`).host, JSON.stringify(given)).toBe('flyte.example.com')
    }
  })
})
