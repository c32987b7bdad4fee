/** As much of a browser as signing in takes: redirects, forms and cookies. Plain Node runs this file, too. */

export interface Page {
  readonly status: number
  readonly url: URL
  readonly text: string
}

export interface Browser {
  /** Opens a page and follows redirects, up to a page that is one. */
  open(url: string, form?: URLSearchParams): Promise<Page>
  /** The `Cookie` header that is sent to an origin. */
  cookies(url: string): string
}

export interface BrowserOptions {
  /** Starts of addresses: a redirect to one of them ends the way, as a page without a text. */
  readonly stopAt?: readonly string[]
}

/** The most redirects on one way: signing in on the way to somewhere takes a dozen. */
const MAX_STEPS = 20

/** A browser for http on localhost: one cookie jar a host, because cookies are shared across ports. */
export function createBrowser({ stopAt = [] }: BrowserOptions = {}): Browser {
  const jar = new Map<string, string>()
  const header = () => [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
  const keep = (line: string) => {
    const [name = '', value = ''] = (line.split(';', 1)[0] ?? '').split(/=(.*)/s)
    if (/;\s*(max-age=0|expires=thu, 01 jan 1970)/i.test(line)) jar.delete(name)
    else jar.set(name, value)
  }
  /** A form is sent from a page, and a browser says of which origin that is. */
  const requestFor = (url: URL, body: URLSearchParams | undefined): RequestInit =>
    body === undefined
      ? { headers: { cookie: header() } }
      : { method: 'POST', body, headers: { cookie: header(), origin: url.origin } }
  return {
    cookies: header,
    async open(start, form) {
      let url = new URL(start)
      let body = form
      for (let step = 0; step < MAX_STEPS; step += 1) {
        const response = await fetch(url, { ...requestFor(url, body), redirect: 'manual' })
        response.headers.getSetCookie().forEach(keep)
        const location = response.headers.get('location')
        if (location === null) return { status: response.status, url, text: await response.text() }
        await response.body?.cancel()
        const { status } = response
        url = new URL(location, url)
        const { href } = url
        if (stopAt.some((start) => href.startsWith(start))) return { status, url, text: '' }
        body = undefined
      }
      throw new TypeError('redirected in a circle')
    },
  }
}
