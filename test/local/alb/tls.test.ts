import { get } from 'node:https'
import { describe, expect, it } from 'vitest'
import { certificateAuthority } from '../../../local/certificates.ts'
import { forwardMulti, path, startAlb } from './support/alb.ts'
import { startScriptedIdp } from './support/scripted-provider.ts'

describe('a load balancer with a certificate', () => {
  it('is reached by https, says so to the function, and makes its cookies Secure', async () => {
    const authority = await certificateAuthority(null)
    const idp = await startScriptedIdp()
    const alb = await startAlb(
      {
        rules: [{ priority: 1, conditions: [path('/open')], actions: [forwardMulti] }],
        defaultActions: [idp.action(), { ...forwardMulti, Order: 2 }],
      },
      { tls: await authority.issue(['localhost']) },
    )
    const fetchPath = (at: string) =>
      new Promise<{ status?: number; location?: string; cookie?: string }>((resolve, reject) => {
        const options = { ca: authority.certificate, servername: 'localhost', agent: false }
        get(`https://localhost:${alb.port}${at}`, { ...options, family: 4 }, (response) => {
          const [cookie] = response.headers['set-cookie'] ?? []
          response
            .resume()
            .on('end', () =>
              resolve({ status: response.statusCode, location: response.headers.location, cookie }),
            )
        }).on('error', reject)
      })
    expect(alb.url).toBe(`https://localhost:${alb.port}`)
    expect((await fetchPath('/open')).status).toBe(200)
    expect(alb.lastEvent().multiValueHeaders?.['x-forwarded-proto']).toEqual(['https'])
    const login = await fetchPath('/page')
    expect(login.cookie).toMatch(/; Secure; SameSite=None$/)
    const redirectUri = new URL(login.location ?? '').searchParams.get('redirect_uri')
    expect(redirectUri).toBe(`https://localhost:${alb.port}/oauth2/idpresponse`)
  })
})

describe('a port that is taken', () => {
  it('is reported as the operating system reports it', async () => {
    const alb = await startAlb({ defaultActions: [forwardMulti] })
    const second = startAlb({ defaultActions: [forwardMulti] }, { port: alb.port })
    await expect(second).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })
})
