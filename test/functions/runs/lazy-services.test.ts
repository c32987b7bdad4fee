import { describe, expect, it } from 'vitest'
import { withLazyServices } from '../../../functions/runs/lazy-services.ts'
import { newCall } from '../../../functions/shared/call.ts'
import type { HttpRequest } from '../../../functions/shared/http/message.ts'
import type { RpcOptions } from '../../../functions/shared/rpc/router.ts'

type Registers = RpcOptions['services']
const eager: Registers = () => {}
const late: Registers = () => {}
/** A handler that answers which services it was made of. */
const make = (services: Registers) => async () => ({
  status: 200,
  headers: {},
  body: services === eager ? 'eager' : 'late',
})
const request = (path: string) => ({ path }) as HttpRequest
const call = newCall()

describe('services that are loaded at their first call', () => {
  it('are loaded once, however many calls come at once', async () => {
    let loads = 0
    const load = async () => {
      loads += 1
      return late
    }
    const handler = withLazyServices({ 'a.Late': load }, make)(eager)
    expect((await handler(request('/a.Eager/M'), call)).body).toBe('eager')
    expect(loads).toBe(0)
    const answers = await Promise.all([1, 2, 3].map(() => handler(request('/a.Late/M'), call)))
    expect(answers.map(({ body }) => body)).toEqual(['late', 'late', 'late'])
    expect(loads).toBe(1)
  })

  it('are tried again by the next call when loading failed', async () => {
    let loads = 0
    const load = async () => {
      loads += 1
      if (loads === 1) throw new Error('no such file')
      return late
    }
    const handler = withLazyServices({ 'a.Late': load }, make)(eager)
    await expect(handler(request('/a.Late/M'), call)).rejects.toMatchObject({ reason: 'internal_error' })
    expect((await handler(request('/a.Late/M'), call)).body).toBe('late')
  })

  for (const path of ['/toString/M', '/__proto__/M', '/constructor/M', '/', '']) {
    it(`are not found by the name of an inherited property: ${path}`, async () => {
      const handler = withLazyServices({ 'a.Late': async () => late }, make)(eager)
      expect((await handler(request(path), call)).body).toBe('eager')
    })
  }
})
