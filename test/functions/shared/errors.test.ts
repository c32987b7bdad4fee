import { Code } from '@connectrpc/connect'
import { codeFromString } from '@connectrpc/connect/protocol-connect'
import { describe, expect, it } from 'vitest'
import { newCall, noteFailure } from '../../../functions/shared/call.ts'
import { asServiceError, REASONS, type Reason, ServiceError } from '../../../functions/shared/errors.ts'
import { connectErrorOf } from '../../../functions/shared/rpc/error.ts'
import { connectErrorResponse } from '../../../functions/shared/rpc/error-response.ts'

const reasons = Object.keys(REASONS) as Reason[]

/** The HTTP statuses that go with a code; others would be taken for another error by some client. */
const STATUSES: Readonly<Record<string, readonly number[]>> = {
  canceled: [499],
  invalid_argument: [400, 415],
  deadline_exceeded: [504],
  not_found: [404],
  already_exists: [409],
  permission_denied: [403],
  resource_exhausted: [429],
  failed_precondition: [400],
  aborted: [409],
  out_of_range: [400],
  unimplemented: [501, 404, 405],
  internal: [500],
  unavailable: [503],
  unauthenticated: [401],
}

describe('a reason', () => {
  for (const reason of reasons) {
    const { code, status, message } = REASONS[reason]

    it(`${reason} has a code that clients know, and not "unknown"`, () => {
      expect(codeFromString(code)).toBeDefined()
      expect(codeFromString(code)).not.toBe(Code.Unknown)
    })

    it(`${reason} has a status that fits its code`, () => expect(STATUSES[code]).toContain(status))

    it(`${reason} has a sentence`, () => expect(message).toMatch(/^[A-Z][^\n"]+\.$/))

    it(`${reason} is the same error with and without the RPC library`, () => {
      const error = new ServiceError(reason)
      const rpcError = connectErrorOf(error, {})
      const response = connectErrorResponse(error)
      expect(response.status).toBe(status)
      expect(JSON.parse(String(response.body))).toEqual({ code, message: rpcError.rawMessage })
      expect(rpcError.code).toBe(codeFromString(code))
    })
  }
})

describe('an error', () => {
  it('is kept if it is ours', () => {
    const error = new ServiceError('run_exists')
    expect(asServiceError(error)).toBe(error)
  })

  for (const thrown of [new TypeError('S3CRET'), 'S3CRET', undefined, null, { reason: 'run_exists' }]) {
    it(`is internal_error if it is ${String(thrown)}, and says nothing of it`, () => {
      const error = asServiceError(thrown)
      expect(error).toMatchObject({ reason: 'internal_error', status: 500, cause: thrown })
      expect(String(connectErrorResponse(error).body)).not.toContain('S3CRET')
    })
  }

  it('takes its headers into the answer', () => {
    const error = new ServiceError('method_not_allowed', { headers: { allow: 'GET' } })
    expect(connectErrorResponse(error, { vary: 'a' }).headers).toMatchObject({ allow: 'GET', vary: 'a' })
    expect(connectErrorOf(error, { vary: 'a' }).metadata.get('allow')).toBe('GET')
  })
})

describe('the outcome of a call', () => {
  it('is ok until something fails', () =>
    expect(newCall()).toMatchObject({ outcome: 'ok', error: undefined }))

  it('is the first failure, because later ones follow from it', () => {
    const call = newCall()
    noteFailure(call, new ServiceError('store_throttled'))
    noteFailure(call, new ServiceError('internal_error'))
    expect(call).toMatchObject({ outcome: 'store_throttled', error: { reason: 'store_throttled' } })
  })
})
