/** A page with one card on it: no script, its style inside, and nothing from anywhere else. */
import { createHash } from 'node:crypto'
import type { HttpRequest, HttpResponse } from '../http/message.ts'
import { text as style } from './card-page.css?browser'
import { type Html, html } from './html.ts'
import { ICON, MARK } from './mark.ts'
import { securityHeaders } from './security-headers.ts'

export interface CardPageOptions {
  readonly request: HttpRequest
  readonly status: number
  readonly title: string
  /** What is on the card below the title. */
  readonly body: Html
  /** What is on the card above the title. */
  readonly above?: Html | undefined
  /** Where the browser goes on to by itself, at once. */
  readonly goOnTo?: string
  /** Where a form of this page may lead in the end, beside this origin: browsers follow its redirects by that rule. */
  readonly formTarget?: string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
}

const STYLE_HASH = `'sha256-${createHash('sha256').update(style).digest('base64')}'` as const

/** Answers with a page. It is never stored: it may name a person, and what that person is asked. */
export function cardPage(options: CardPageOptions): HttpResponse {
  const { request, status, title, body, above, goOnTo, formTarget, headers } = options
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
${goOnTo === undefined ? undefined : html`<meta http-equiv="refresh" content="0;url=${goOnTo}">`}
<title>${title} · Flyte</title>
<link rel="icon" href="${ICON}">
<style>${style}</style>
</head>
<body>
<main>
<div class="brand">${MARK}<span>Flyte</span></div>
<section class="card">
${above}
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
      ...securityHeaders(request, { style: STYLE_HASH, ...(formTarget === undefined ? {} : { formTarget }) }),
      // Without a referrer of any kind some browsers would not say that a form comes from here.
      'referrer-policy': 'same-origin',
      ...headers,
    },
    body: page.toString(),
  }
}
