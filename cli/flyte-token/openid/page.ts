/** What the browser shows at the end of a sign-in. */

const TEXTS = {
  'signed in': ['You are signed in', 'You can close this page and go back to your terminal.'],
  failed: ['That did not work', 'Your terminal says why. You can close this page.'],
  'nothing here': ['There is nothing here', 'flyte-token waits here for the answer of a sign-in.'],
} as const

/** A page without a script, a link or anything that was received. */
export function resultPage(kind: keyof typeof TEXTS): string {
  const [title, text] = TEXTS[kind]
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>body{font:1.1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:20vh auto;padding:0 1.5rem}</style>
</head>
<body><h1>${title}</h1><p>${text}</p></body>
</html>
`
}
