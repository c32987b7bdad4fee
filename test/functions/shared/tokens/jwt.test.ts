import { describe, expect, it } from 'vitest'
import { type Reason, ServiceError } from '../../../../functions/shared/errors.ts'
import { MAX_TOKEN_LENGTH, parseUnverifiedJwt } from '../../../../functions/shared/tokens/jwt.ts'

const encode = (text: string | Buffer) => Buffer.from(text).toString('base64url')
const HEADER = encode('{"alg":"RS256"}')
const PAYLOAD = encode('{"sub":"ada"}')
const SIGNATURE = encode('signature')
const token = (header: string, payload: string) => `${header}.${payload}.${SIGNATURE}`

function reasonOf(text: string): Reason | 'accepted' {
  try {
    parseUnverifiedJwt(text)
    return 'accepted'
  } catch (error) {
    if (error instanceof ServiceError) return error.reason
    throw error
  }
}

describe('a JWT', () => {
  it('is taken apart, with the signed bytes as they were received', () => {
    const jwt = parseUnverifiedJwt(token(HEADER, PAYLOAD))
    expect(jwt.header).toEqual({ alg: 'RS256' })
    expect(jwt.payload).toEqual({ sub: 'ada' })
    expect(jwt.signingInput.toString()).toBe(`${HEADER}.${PAYLOAD}`)
    expect(jwt.signature.toString()).toBe('signature')
  })

  it('may have objects, lists and any text inside', () => {
    const claims = { a: { b: [{ c: '"}:{' }] }, 'd\\"': 'é:,', e: ':' }
    expect(parseUnverifiedJwt(token(HEADER, encode(JSON.stringify(claims)))).payload).toEqual(claims)
  })

  it('may repeat a name at different places', () => {
    const claims = { sub: 'ada', act: { sub: 'grace', may: [{ sub: 'x' }] } }
    expect(reasonOf(token(HEADER, encode(JSON.stringify(claims))))).toBe('accepted')
  })

  const refusals: [name: string, text: string, reason: Reason][] = [
    ['an empty text', '', 'token_malformed'],
    ['one segment', HEADER, 'token_malformed'],
    ['two segments', `${HEADER}.${PAYLOAD}`, 'token_malformed'],
    ['four segments', `${token(HEADER, PAYLOAD)}.x`, 'token_malformed'],
    ['five segments, as an encrypted token has', `${token(HEADER, PAYLOAD)}.x.y`, 'token_malformed'],
    ['an opaque token', 'ya29.a0AfH6SMBx', 'token_malformed'],
    ['padded segments', `${HEADER}.${encode('{"sub":"adal"}')}==.${SIGNATURE}`, 'token_malformed'],
    ['white space around it', ` ${token(HEADER, PAYLOAD)}`, 'token_malformed'],
    ['a header that is no JSON', token(encode('{alg'), PAYLOAD), 'token_malformed'],
    ['a payload that is a list', token(HEADER, encode('[]')), 'token_malformed'],
    ['a payload that is null', token(HEADER, encode('null')), 'token_malformed'],
    ['a payload that is text', token(HEADER, encode('"ada"')), 'token_malformed'],
    ['an empty payload', token(HEADER, ''), 'token_malformed'],
    ['a byte order mark', token(HEADER, encode('\ufeff{"sub":"ada"}')), 'token_malformed'],
    [
      'bytes that are not UTF-8',
      token(HEADER, encode(Buffer.concat([Buffer.from('{"sub":"'), Buffer.from([0xff]), Buffer.from('"}')]))),
      'token_malformed',
    ],
    ['a name twice in the payload', token(HEADER, encode('{"sub":"ada","sub":"grace"}')), 'token_malformed'],
    ['a name twice in the header', token(encode('{"alg":"none","alg":"RS256"}'), PAYLOAD), 'token_malformed'],
    ['a name twice, once escaped', token(HEADER, encode('{"sub":"a","s\\u0075b":"b"}')), 'token_malformed'],
    ['a critical header', token(encode('{"alg":"RS256","crit":["exp"]}'), PAYLOAD), 'token_header_refused'],
    [
      'a payload that is not encoded',
      token(encode('{"alg":"RS256","b64":false}'), PAYLOAD),
      'token_header_refused',
    ],
    ['a compressed payload', token(encode('{"alg":"RS256","zip":"DEF"}'), PAYLOAD), 'token_header_refused'],
    ['an embedded key', token(encode('{"alg":"RS256","jwk":{}}'), PAYLOAD), 'token_header_refused'],
    [
      'the address of a key set',
      token(encode('{"alg":"RS256","jku":"https://a"}'), PAYLOAD),
      'token_header_refused',
    ],
    [
      'the address of a certificate',
      token(encode('{"alg":"RS256","x5u":"https://a"}'), PAYLOAD),
      'token_header_refused',
    ],
    [
      'an embedded certificate',
      token(encode('{"alg":"RS256","x5c":["MII"]}'), PAYLOAD),
      'token_header_refused',
    ],
    ['more than 16 KiB', token(HEADER, 'A'.repeat(MAX_TOKEN_LENGTH)), 'token_too_large'],
  ]
  for (const [name, text, reason] of refusals) {
    it(`is refused with ${name}`, () => expect(reasonOf(text)).toBe(reason))
  }
})
