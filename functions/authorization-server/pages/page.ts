/** The frame around every page of this function: no script, its style inside, and nothing from anywhere else. */
import { createHash } from 'node:crypto'
import { type Html, html } from '../../shared/html/html.ts'
import { securityHeaders } from '../../shared/html/security-headers.ts'
import type { HttpRequest, HttpResponse } from '../../shared/http/message.ts'
import { text as style } from './pages.css?browser'

export interface PageOptions {
  readonly request: HttpRequest
  readonly status: number
  readonly title: string
  readonly main: Html
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  /** Where a form of this page may lead in the end, beside this origin: the client that the answer goes to. */
  readonly formTarget?: string
}

const STYLE_HASH = `'sha256-${createHash('sha256').update(style).digest('base64')}'` as const

/** Answers with a page. It is never stored: it names a person, and what that person is asked. */
export function pageResponse(options: PageOptions): HttpResponse {
  const { status, title, main, headers } = options
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · Flyte</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<main>
<div class="brand">${MARK}<span>Flyte</span></div>
<section class="card">
${main}
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
      ...pageHeaders(options),
      ...headers,
    },
    body: page.toString(),
  }
}

function pageHeaders({ request, formTarget }: PageOptions): Readonly<Record<string, string>> {
  const headers = securityHeaders(request, { style: STYLE_HASH })
  const policy = headers['content-security-policy'] ?? ''
  const formAction = `form-action 'self'${formTarget === undefined ? '' : ` ${formTarget}`}`
  return {
    ...headers,
    // Browsers follow a form's redirects by this rule too.
    'content-security-policy': policy.replace("form-action 'self'", formAction),
    // With no-referrer at all a browser would not say that a form comes from here.
    'referrer-policy': 'same-origin',
  }
}

const MARK = html`<svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false"><rect width="32" height="32" rx="9"/><path d="M8 22.5 22.5 8M8 15.5 15.5 8M15.5 24 24 15.5"/></svg>`
