import { describe, expect, it } from 'vitest'
import { fixed, path, startAlb } from './support/alb.ts'
import { send } from './support/http.ts'

describe('a fixed response', () => {
  it('has its status, type and body', async () => {
    const alb = await startAlb({ defaultActions: [fixed(503, 'closed')] })
    const reply = await send(alb.port, '/')
    expect(reply).toMatchObject({ status: 503, text: 'closed', headers: { 'content-type': 'text/plain' } })
  })

  it('may have no body', async () => {
    const action = { Type: 'fixed-response', FixedResponseConfig: { StatusCode: '404' } }
    const alb = await startAlb({ defaultActions: [action] })
    expect(await send(alb.port, '/')).toMatchObject({ status: 404, text: '' })
  })

  it('sends HEAD no body', async () => {
    const alb = await startAlb({ defaultActions: [fixed(200, 'body')] })
    expect(await send(alb.port, '/', { method: 'HEAD' })).toMatchObject({ status: 200, text: '' })
  })

  it('does not wait for a large body', async () => {
    const alb = await startAlb({ defaultActions: [fixed(200, 'done')] })
    const reply = await send(alb.port, '/', { method: 'POST', body: Buffer.alloc(2 * 1024 * 1024) })
    expect(reply).toMatchObject({ status: 200, text: 'done' })
  })
})

describe('a redirect', () => {
  const rows: [title: string, config: Record<string, string>, target: string, location: RegExp][] = [
    ['keeps everything it does not change', {}, '/a%20b?c=d', /^http:\/\/here\.test:\d+\/a%20b\?c=d$/],
    [
      'goes to https and its port',
      { Protocol: 'HTTPS', Port: '443' },
      '/a?b=c',
      /^https:\/\/here\.test:443\/a\?b=c$/,
    ],
    [
      'puts the path where it is told',
      { Path: '/new/#{path}' },
      '/old',
      /^http:\/\/here\.test:\d+\/new\/old$/,
    ],
    ['replaces the query', { Query: 'x=1&#{query}' }, '/?a=2', /\/\?x=1&a=2$/],
    ['drops the query', { Query: '' }, '/a?b=c', /\/a$/],
    ['goes to another host', { Host: 'other.#{host}' }, '/', /^http:\/\/other\.here\.test:/],
    ['names every part', { Path: '/#{protocol}/#{host}/#{port}' }, '/', /\/http\/here\.test\/\d+$/],
    ['leaves an unknown part as it is', { Path: '/#{nothing}' }, '/', /\/#\{nothing\}$/],
  ]
  for (const [title, config, target, location] of rows) {
    it(title, async () => {
      const action = { Type: 'redirect', RedirectConfig: { StatusCode: 'HTTP_302', ...config } }
      const alb = await startAlb({ defaultActions: [action] })
      const reply = await send(alb.port, target, { headers: { host: 'here.test:99' } })
      expect(reply.status).toBe(302)
      expect(reply.headers.location).toMatch(location)
    })
  }

  it('may be permanent', async () => {
    const action = { Type: 'redirect', RedirectConfig: { StatusCode: 'HTTP_301' } }
    const alb = await startAlb({ rules: [{ priority: 1, conditions: [path('/*')], actions: [action] }] })
    expect((await send(alb.port, '/')).status).toBe(301)
  })
})
