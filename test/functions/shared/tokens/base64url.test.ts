import { base64url } from 'jose'
import { describe, expect, it } from 'vitest'
import { decodeBase64url } from '../../../../functions/shared/tokens/base64url.ts'

describe('base64url', () => {
  for (const length of [0, 1, 2, 3, 4, 31, 64, 257]) {
    const bytes = Buffer.from(Array.from({ length }, (_, at) => (at * 89 + 251) % 256))

    it(`decodes ${length} bytes as another library encodes them`, () => {
      expect(decodeBase64url(base64url.encode(bytes))).toEqual(bytes)
    })

    it(`decodes ${length} bytes with their padding where it is allowed`, () => {
      const padded = bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_')
      expect(decodeBase64url(padded, 'allowed')).toEqual(bytes)
    })
  }

  const refused: Record<string, string> = {
    padding: 'YQ==',
    'the alphabet of plain base64': 'ab+/',
    'white space': 'YW Jj',
    'a line break at the end': 'YWJj\n',
    'a length that no bytes have': 'YWJjZ',
    'left-over bits that are not zero': 'YR',
    'left-over bits of a longer rest': 'YWJ',
    'a letter outside ASCII': 'YWJé',
  }
  for (const [name, text] of Object.entries(refused)) {
    it(`refuses ${name}`, () => expect(decodeBase64url(text)).toBeUndefined())
  }

  const refusedPadding: Record<string, string> = {
    'incomplete padding': 'YQ=',
    'padding after complete bytes': 'YWJj====',
    'padding in the middle': 'YQ==YQ==',
    'left-over bits under padding': 'YR==',
    'three signs of padding': 'Y===',
  }
  for (const [name, text] of Object.entries(refusedPadding)) {
    it(`refuses ${name} even where padding is allowed`, () =>
      expect(decodeBase64url(text, 'allowed')).toBeUndefined())
  }
})
