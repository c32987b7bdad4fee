import { describe, expect, it } from 'vitest'
import {
  headerValue,
  jsonResponse,
  requestHost,
  singleCredentialHeader,
  textResponse,
} from '../../../../functions/shared/http/message.ts'

describe('a header', () => {
  it('that is repeated is read as one list', () => {
    expect(headerValue({ accept: ['a', 'b;q=0.5'] }, 'accept')).toBe('a, b;q=0.5')
  })

  it('that is missing has no value', () => expect(headerValue({}, 'accept')).toBeUndefined())
})

describe('a header with a credential', () => {
  it('is read if it was sent once', () => {
    expect(singleCredentialHeader({ authorization: ['Bearer a'] }, 'authorization')).toBe('Bearer a')
  })

  it('is none if it was not sent', () => {
    expect(singleCredentialHeader({}, 'authorization')).toBeUndefined()
    expect(singleCredentialHeader({ authorization: [] }, 'authorization')).toBeUndefined()
  })

  it('is refused if it was sent twice, even with the same value', () => {
    for (const lines of [
      ['Bearer a', 'Bearer b'],
      ['Bearer a', 'Bearer a'],
      ['Bearer a', ''],
    ]) {
      expect(() => singleCredentialHeader({ authorization: lines }, 'authorization')).toThrow(
        expect.objectContaining({ reason: 'credentials_duplicated', code: 'unauthenticated' }),
      )
    }
  })
})

describe('the host of a request', () => {
  it('is read in lower case, with its port', () =>
    expect(requestHost({ host: ['A.Example:1'] })).toBe('a.example:1'))
  it('is none if two were sent', () => expect(requestHost({ host: ['a', 'b'] })).toBeUndefined())
  it('is none if none was sent', () => expect(requestHost({})).toBeUndefined())
})

describe('a response', () => {
  it('of JSON says so', () => {
    expect(jsonResponse(200, { a: 1 }, { 'cache-control': 'no-store' })).toEqual({
      status: 200,
      headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
      body: '{"a":1}',
    })
  })

  it('of text says so', () => {
    expect(textResponse(404, 'no')).toEqual({
      status: 404,
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      body: 'no',
    })
  })
})
