/**
 * The sign-in page, and the paths that oidc-provider does not have.
 *
 * `GET /interaction/:uid` asks who is signing in; `POST` takes the answer. A `login_hint` that names a
 * person answers at once, which is how the command line signs in without a browser. Nobody is asked for a
 * password: whoever reaches this provider is on the machine it runs on.
 */
import type { IncomingMessage } from 'node:http'
import type Provider from 'oidc-provider'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { pictureOf, signInPage } from './pages.ts'
import { findPerson, PEOPLE, picturePath } from './people.ts'

type Next = () => Promise<void>

const MAX_FORM_BYTES = 4096

/** A Koa middleware with the sign-in page. */
export function interactions(provider: Provider) {
  return async (ctx: KoaContextWithOIDC, next: Next): Promise<void> => {
    if (!/^\/interaction\/[\w-]+$/.test(ctx.path)) return next()
    const details = await provider.interactionDetails(ctx.req, ctx.res).catch(() => undefined)
    if (details === undefined) {
      // The cookie of the sign-in is gone, or it was finished in another tab: start again.
      ctx.throw(400, 'This sign-in is over. Go back to where you came from and start again.')
      return
    }
    const form = ctx.method === 'POST' ? await readForm(ctx.req) : new URLSearchParams()
    const hint =
      ctx.method === 'GET' && details.prompt.name === 'login' ? details.params.login_hint : undefined
    const person = findPerson(form.get('person') ?? (typeof hint === 'string' ? hint : ''))
    if (person !== undefined || form.has('cancel')) {
      const result = person
        ? { login: { accountId: person.id } }
        : { error: 'access_denied', error_description: 'The person cancelled the sign-in.' }
      ctx.status = 303
      ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, result))
      return
    }
    const client = await provider.Client.find(String(details.params.client_id))
    ctx.set('cache-control', 'no-store')
    ctx.type = 'html'
    ctx.body = signInPage({ interactionPath: ctx.path, clientName: client?.clientName ?? 'An application' })
  }
}

/** A Koa middleware with the pictures, the RFC 8414 document and a page at the root. */
export async function furtherPaths(ctx: KoaContextWithOIDC, next: Next): Promise<void> {
  // Both documents say the same (RFC 8414, 5): the second name is for OAuth clients that know no OpenID.
  if (ctx.path === '/.well-known/oauth-authorization-server') ctx.path = '/.well-known/openid-configuration'
  const pictured = PEOPLE.find((person) => ctx.path === picturePath(person))
  if (pictured === undefined) return next()
  ctx.type = 'image/svg+xml'
  ctx.set('cache-control', 'public, max-age=3600')
  ctx.body = pictureOf(pictured)
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request) {
    length += chunk.length
    if (length > MAX_FORM_BYTES) return new URLSearchParams()
    chunks.push(chunk)
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'))
}
