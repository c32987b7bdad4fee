import { describe, expect, it } from 'vitest'
import { createPublicUrlResolver } from '../../../../functions/shared/http/public-url.ts'

const resolve = createPublicUrlResolver([
  'https://flyte.example.com/',
  'https://second.example.com:8443',
  'http://localhost:8080',
  'https://*.apps.example.com',
  'http://[::1]:8080',
])
const urlFor = (...host: string[]) => resolve({ headers: { host } })
const CANONICAL = 'https://flyte.example.com'

describe('the public URL', () => {
  const chosen: [host: string, url: string][] = [
    ['flyte.example.com', CANONICAL],
    ['FLYTE.Example.COM', CANONICAL],
    ['flyte.example.com:443', CANONICAL],
    ['second.example.com:8443', 'https://second.example.com:8443'],
    ['localhost:8080', 'http://localhost:8080'],
    ['[::1]:8080', 'http://[::1]:8080'],
    ['a.apps.example.com', 'https://a.apps.example.com'],
    ['a-1.apps.example.com', 'https://a-1.apps.example.com'],
  ]
  for (const [host, url] of chosen) it(`is ${url} for the host ${host}`, () => expect(urlFor(host)).toBe(url))

  const foreign = [
    'evil.example',
    'flyte.example.com.evil.example',
    'flyte.example.com:444',
    'flyte.example.com:80',
    'flyte.example.com.',
    'second.example.com',
    'localhost',
    'localhost:8081',
    'apps.example.com',
    '.apps.example.com',
    'a.b.apps.example.com',
    '-.apps.example.com',
    'a-.apps.example.com',
    'a_b.apps.example.com',
    '*.apps.example.com',
    'a.apps.example.com:8443',
    'evil.example/.apps.example.com',
    'evil.example#.apps.example.com',
    'evil@a.apps.example.com',
    'a.apps.example.com/x',
    'wildcard.example.com',
    '',
    ' ',
    'flyte.example.com evil.example',
    'x'.repeat(70_000),
  ]
  for (const host of foreign) {
    it(`stays the first one for the host ${JSON.stringify(host.slice(0, 40))}`, () =>
      expect(urlFor(host)).toBe(CANONICAL))
  }

  it('stays the first one without a host', () => expect(resolve({ headers: {} })).toBe(CANONICAL))

  it('stays the first one for two hosts', () => {
    expect(urlFor('localhost:8080', 'a.apps.example.com')).toBe(CANONICAL)
  })

  it('is made from at least one setting', () => expect(() => createPublicUrlResolver([])).toThrow(TypeError))
})
