/** A browser of a person: keeps cookies, follows redirects within the deployment, sends forms. */
import type { AlbAnswer, EventHandler } from '../../../support/alb-event.ts'
import { callThrough } from '../../../support/alb-event.ts'
import { ISSUER } from './server.ts'

export interface Browser {
  readonly cookies: Map<string, string>
  readonly get: (url: string) => Promise<AlbAnswer>
  readonly post: (
    path: string,
    form: Readonly<Record<string, string>>,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<AlbAnswer>
  /** Follows redirects as long as they stay on the deployment. @returns the last answer, or where it leads. */
  readonly follow: (url: string) => Promise<{ answer: AlbAnswer; leftTo: URL | undefined }>
}

/** Opens one. */
export function openBrowser(handler: EventHandler): Browser {
  const cookies = new Map<string, string>()

  async function send(method: string, url: string, body?: string, headers: Record<string, string> = {}) {
    const { pathname, search } = new URL(url, ISSUER)
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await callThrough(handler, {
      method,
      path: pathname,
      query: search.slice(1),
      headers: {
        accept: 'text/html',
        host: new URL(ISSUER).host,
        ...(cookie === '' ? {} : { cookie }),
        ...headers,
      },
      ...(body === undefined ? {} : { body }),
    })
    for (const line of answer.headerLines['set-cookie'] ?? []) {
      const [pair = '', ...attributes] = line.split('; ')
      const [name = '', value = ''] = pair.split(/=(.*)/s)
      if (attributes.includes('Max-Age=0')) cookies.delete(name)
      else cookies.set(name, value)
    }
    return answer
  }

  return {
    cookies,
    get: (url) => send('GET', url),
    post: (path, form, headers = {}) =>
      send('POST', path, new URLSearchParams(form).toString(), {
        'content-type': 'application/x-www-form-urlencoded',
        origin: ISSUER,
        'sec-fetch-site': 'same-origin',
        ...headers,
      }),
    async follow(url) {
      let answer = await send('GET', url)
      for (let hops = 0; hops < 10; hops += 1) {
        const { location } = answer.headers
        if (location === undefined) return { answer, leftTo: undefined }
        const next = new URL(location, ISSUER)
        if (next.origin !== ISSUER) return { answer, leftTo: next }
        answer = await send('GET', next.href)
      }
      throw new Error('the redirects do not end')
    },
  }
}

/** Every hidden field of the form of a page. */
export function hiddenFields(page: string): Readonly<Record<string, string>> {
  const fields = page.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)
  return Object.fromEntries([...fields].map(([, name = '', value = '']) => [name, value]))
}

/** The value of a hidden field of a page. */
export function hiddenField(page: string, name: string): string {
  return new RegExp(`name="${name}" value="([^"]*)"`).exec(page)?.[1] ?? ''
}
