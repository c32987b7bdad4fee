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

/** A browser for http on localhost: one cookie jar a host, because cookies are shared across ports. */
export function createBrowser(): Browser {
  const jar = new Map<string, string>()
  const header = () => [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
  const keep = (line: string) => {
    const [name = '', value = ''] = (line.split(';', 1)[0] ?? '').split(/=(.*)/s)
    if (/;\s*(max-age=0|expires=thu, 01 jan 1970)/i.test(line)) jar.delete(name)
    else jar.set(name, value)
  }
  return {
    cookies: header,
    async open(start, form) {
      let url = new URL(start)
      let body = form
      for (let step = 0; step < 12; step += 1) {
        const init: RequestInit = body === undefined ? {} : { method: 'POST', body }
        const response = await fetch(url, { ...init, redirect: 'manual', headers: { cookie: header() } })
        response.headers.getSetCookie().forEach(keep)
        const location = response.headers.get('location')
        if (location === null) return { status: response.status, url, text: await response.text() }
        await response.body?.cancel()
        url = new URL(location, url)
        body = undefined
      }
      throw new TypeError('redirected in a circle')
    },
  }
}
