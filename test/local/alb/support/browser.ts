import { type Reply, type SendOptions, send } from './http.ts'

/** A client with a cookie jar, for origins that are each served by a port of this machine. */
export interface Browser {
  /** Requests a URL and keeps the cookies of the answer; redirects are not followed. */
  readonly get: (url: string, options?: SendOptions) => Promise<Reply>
  /** Requests a URL and follows redirects to the first answer that is none. */
  readonly visit: (url: string) => Promise<Reply & { readonly url: string }>
  readonly cookies: (host: string) => Map<string, string>
}

const MAX_REDIRECTS = 20

/** Makes a browser without cookies. Paths and domains of cookies are ignored, expiry is kept. */
export function createBrowser(ports: Readonly<Record<string, number>>): Browser {
  const jars = new Map<string, Map<string, string>>()
  const cookies = (host: string) => {
    const jar = jars.get(host) ?? new Map<string, string>()
    jars.set(host, jar)
    return jar
  }

  const get = async (url: string, options: SendOptions = {}) => {
    const { host, pathname, search } = new URL(url)
    const port = ports[host]
    if (port === undefined) throw new Error(`no server plays ${host}`)
    const jar = cookies(host)
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { host, ...(cookie === '' ? {} : { cookie }), ...options.headers }
    const reply = await send(port, `${pathname}${search}`, { ...options, headers })
    for (const setCookie of reply.setCookies) keep(jar, setCookie)
    return reply
  }

  const visit = async (url: string) => {
    let at = url
    for (let i = 0; i < MAX_REDIRECTS; i++) {
      const reply = await get(at)
      const { location } = reply.headers
      if (location === undefined) return { ...reply, url: at }
      at = new URL(location, at).href
    }
    throw new Error('too many redirects')
  }
  return { get, visit, cookies }
}

function keep(jar: Map<string, string>, setCookie: string): void {
  const [pair = '', ...attributes] = setCookie.split(';').map((part) => part.trim())
  const mark = pair.indexOf('=')
  const expires = attributes.find((attribute) => /^expires=/i.test(attribute))?.slice('expires='.length)
  const gone = expires !== undefined && Date.parse(expires) <= Date.now()
  if (gone) jar.delete(pair.slice(0, mark))
  else jar.set(pair.slice(0, mark), pair.slice(mark + 1))
}
