/** The frame around every page of this function. */

import { type Html, html } from '../shared/html/html.ts'
import { ICON, MARK } from '../shared/html/mark.ts'
import { securityHeaders } from '../shared/html/security-headers.ts'
import type { HttpRequest, HttpResponse } from '../shared/http/message.ts'
import { SCRIPT, STYLE } from './assets.ts'

export interface PageOptions {
  readonly request: HttpRequest
  readonly status: number
  readonly title: string
  /** What stands in the bar at the top, beside the name of the product. */
  readonly bar?: Html
  readonly main: Html
  /** Whether the page needs the script. */
  readonly script: boolean
  readonly headers?: Readonly<Record<string, string>>
}

/** Answers with a page. It is never stored: it names a person. */
export function pageResponse({
  request,
  status,
  title,
  bar,
  main,
  script,
  headers,
}: PageOptions): HttpResponse {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · Flyte</title>
<link rel="icon" href="${ICON}">
<link rel="stylesheet" href="${STYLE.url}">
${script ? html`<script type="module" src="${SCRIPT.url}"></script>` : undefined}
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header class="bar">
<a class="brand" href="/v2">${MARK}<span>Flyte</span></a>
${bar}
</header>
${main}
</body>
</html>
`
  return {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      ...securityHeaders(request),
      ...headers,
    },
    body: page.toString(),
  }
}
