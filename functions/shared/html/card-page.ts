/** A page with one card on it: no script, its style inside, and nothing from anywhere else. */
import { createHash } from 'node:crypto'
import type { HttpRequest, HttpResponse } from '../http/message.ts'
import { text as style } from './card-page.css?browser'
import { type Html, html } from './html.ts'
import { securityHeaders } from './security-headers.ts'

export interface CardPageOptions {
  readonly request: HttpRequest
  readonly status: number
  readonly title: string
  /** What is on the card below the title. */
  readonly body: Html
  /** Where the browser goes on to by itself, at once. */
  readonly goOnTo?: string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
}

const STYLE_HASH = `'sha256-${createHash('sha256').update(style).digest('base64')}'` as const

/** Answers with a page. It is never stored. */
export function cardPage({ request, status, title, body, goOnTo, headers }: CardPageOptions): HttpResponse {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
${goOnTo === undefined ? undefined : html`<meta http-equiv="refresh" content="0;url=${goOnTo}">`}
<title>${title} · Flyte</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<main>
<div class="brand">${MARK}<span>Flyte</span></div>
<section class="card">
<h1>${title}</h1>
${body}
</section>
</main>
</body>
</html>
`
  return {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      ...securityHeaders(request, { style: STYLE_HASH }),
      // Without a referrer of any kind some browsers would not say that a form comes from here.
      'referrer-policy': 'same-origin',
      ...headers,
    },
    body: page.toString(),
  }
}

const MARK = html`<svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false"><rect width="32" height="32" rx="9"/><path d="M8 22.5 22.5 8M8 15.5 15.5 8M15.5 24 24 15.5"/></svg>`
