/** The page's own style sheet and script, with an entity tag each. */
import { createHash } from 'node:crypto'
import { securityHeaders } from '../shared/html/security-headers.ts'
import type { HttpRequest, HttpResponse } from '../shared/http/message.ts'
import { text as styleText } from './client/console.css?browser'
import { text as scriptText } from './client/main.ts?browser'

interface Asset {
  readonly contentType: string
  readonly text: string
  /** A strong entity tag, with its quotes (RFC 9110 section 8.8.3). */
  readonly etag: string
  /** Where the page links to: the tag is in it, so that a page never meets the file of another version. */
  readonly url: string
}

function asset(path: string, contentType: string, text: string): Asset {
  const digest = createHash('sha256').update(text).digest('base64url').slice(0, 16)
  return { contentType, text, etag: `"${digest}"`, url: `${path}?v=${digest}` }
}

export const STYLE = asset('/v2/console.css', 'text/css; charset=utf-8', styleText)
export const SCRIPT = asset('/v2/console.js', 'text/javascript; charset=utf-8', scriptText)

/** Serves an asset; with 304 if the browser has it. Kept for five minutes, by the browser only. */
export function serveAsset({ contentType, text, etag }: Asset, request: HttpRequest): HttpResponse {
  const headers = { ...securityHeaders(request), etag, 'cache-control': 'private, max-age=300' }
  if (isKnown(etag, request)) return { status: 304, headers, body: '' }
  return { status: 200, headers: { ...headers, 'content-type': contentType }, body: text }
}

/** Compares weakly, as RFC 9110 section 13.1.2 asks for. */
function isKnown(etag: string, request: HttpRequest): boolean {
  const sent = (request.headers['if-none-match'] ?? []).flatMap((line) => line.split(','))
  return sent.some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag)
}
