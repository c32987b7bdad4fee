import { describe, expect, it } from 'vitest'
import { HeaderMap } from '../../../../functions/shared/rpc/header-map.ts'

type Act = (headers: Headers) => unknown

/** Each is done to Node's own `Headers` and to ours. */
const acts: readonly (readonly [title: string, act: Act])[] = [
  ['reads a header that is not there', (h) => h.get('a')],
  [
    'reads names in any case',
    (h) => {
      h.set('Content-Type', 'a/b')
      return [h.get('content-type'), h.has('CONTENT-TYPE')]
    },
  ],
  [
    'joins repeated headers',
    (h) => {
      h.append('x', '1')
      h.append('X', '2')
      return h.get('x')
    },
  ],
  [
    'replaces what was appended',
    (h) => {
      h.append('x', '1')
      h.append('x', '2')
      h.set('x', '3')
      return h.get('x')
    },
  ],
  [
    'forgets a header',
    (h) => {
      h.set('x', '1')
      h.delete('X')
      h.delete('y')
      return [h.has('x'), h.get('x')]
    },
  ],
  [
    'trims values',
    (h) => {
      h.set('x', ' \t a b \r\n')
      return h.get('x')
    },
  ],
  [
    'gives its headers in order, cookies apart',
    (h) => {
      for (const [name, value] of [
        ['z', '1'],
        ['set-cookie', 'b=1'],
        ['A', '2'],
        ['set-cookie', 'a=2'],
        ['z', '3'],
      ] as const)
        h.append(name, value)
      return h.getSetCookie()
    },
  ],
  ['refuses a name with a space', (h) => h.set('a b', '1')],
  ['refuses an empty name', (h) => h.append('', '1')],
  ['refuses to look for a name that cannot be', (h) => h.get('a:b')],
  ['refuses a line end within a value', (h) => h.set('a', '1\r\nb: 2')],
  ['refuses a NUL in a value', (h) => h.append('a', '1\0')],
  ['refuses a value that is not bytes', (h) => h.set('a', '\u{1F600}')],
  ['accepts an empty value', (h) => h.set('a', '')],
]

function outcome(headers: Headers, act: Act): unknown {
  try {
    const result = act(headers)
    const visited: string[] = []
    headers.forEach((value, name) => {
      visited.push(`${name}: ${value}`)
    })
    return {
      result,
      visited,
      entries: [...headers],
      keys: [...headers.keys()],
      values: [...headers.values()],
    }
  } catch (error) {
    return (error as Error).name
  }
}

describe('our own headers, beside those of Node', () => {
  for (const [title, act] of acts) {
    it(`${title} in the same way`, () => {
      expect(outcome(new HeaderMap(), act)).toEqual(outcome(new Headers(), act))
    })
  }

  const inits: readonly (readonly [title: string, init: ConstructorParameters<typeof Headers>[0]])[] = [
    ['nothing', undefined],
    ['an object', { B: '1', a: '2' }],
    [
      'pairs',
      [
        ['b', '1'],
        ['b', '2'],
      ],
    ],
    [
      'other headers',
      new Headers([
        ['set-cookie', 'a=1'],
        ['set-cookie', 'b=2'],
      ]),
    ],
    ['headers of our own', new HeaderMap({ x: '1' })],
    ['a name that cannot be', { 'a b': '1' }],
  ]
  for (const [title, init] of inits) {
    it(`are made from ${title} in the same way`, () => {
      const made = (type: typeof Headers | typeof HeaderMap) => {
        try {
          return [...new type(init as never)]
        } catch (error) {
          return (error as Error).name
        }
      }
      expect(made(HeaderMap)).toEqual(made(Headers))
    })
  }
})
