/** The pages of the local identity provider. They need no script and load nothing from elsewhere. */
import { fullName, PEOPLE, type Person, picturePath } from './people.ts'

const STYLE = `
:root { color-scheme: light dark; --ink: #1c1b22; --soft: #5d5b66; --paper: #fff; --ground: #f4f3f7; --line: #dcdae3; --accent: #6f2aef }
@media (prefers-color-scheme: dark) {
  :root { --ink: #f2f0f7; --soft: #aba8b5; --paper: #232129; --ground: #18171c; --line: #3a3742; --accent: #b794ff }
}
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem;
  background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif }
main { width: min(26rem, 100%); background: var(--paper); border: 1px solid var(--line); border-radius: 1rem; padding: 2rem }
h1 { margin: 0 0 .25rem; font-size: 1.4rem; line-height: 1.25 }
p { margin: 0 0 1.25rem; color: var(--soft) }
form { margin: 0 }
button { font: inherit; color: inherit; cursor: pointer }
button:focus-visible, input:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
.person { display: grid; grid-template-columns: 3rem 1fr; gap: .125rem 1rem; align-items: center; width: 100%; margin-bottom: .75rem;
  padding: .875rem 1rem; text-align: left; background: none; border: 1px solid var(--line); border-radius: .75rem }
.person:hover { border-color: var(--accent) }
.person img { grid-row: span 2; width: 3rem; height: 3rem; border-radius: 50% }
.person strong { font-weight: 600 }
.person small { color: var(--soft); font-size: .875rem; grid-column: 2 }
.main { padding: .625rem 1.25rem; border: 0; border-radius: .625rem; background: var(--accent); color: var(--paper); font-weight: 600 }
.quiet { padding: .625rem 1rem; border: 0; background: none; color: var(--soft) }
input[type=text] { width: 100%; font: inherit; font-size: 1.25rem; letter-spacing: .1em; text-align: center; text-transform: uppercase;
  padding: .625rem; margin-bottom: 1rem; color: inherit; background: var(--ground); border: 1px solid var(--line); border-radius: .625rem }
code { display: block; font-size: 1.75rem; letter-spacing: .1em; text-align: center; margin-bottom: 1.25rem; color: var(--ink) }
footer { margin-top: 1.25rem; font-size: .8125rem; color: var(--soft) }
`

/** Escapes text for HTML, in content and in quoted attributes. */
export function escapeHtml(text: string): string {
  const entities: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  }
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '')
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${body}
<footer>The identity provider of the local stack: no passwords, no secrets.</footer>
</main>
</body>
</html>
`
}

/** The page that asks who is signing in, and to what. */
export function signInPage(options: { interactionPath: string; clientName: string }): string {
  const choices = PEOPLE.map(
    (person) => `<button class="person" name="person" value="${escapeHtml(person.id)}">
<img src="${picturePath(person)}" alt="">
<strong>${escapeHtml(fullName(person))}</strong>
<small>${escapeHtml(person.email)}</small>
</button>`,
  )
  return page(
    'Sign in',
    `<h1>Who are you today?</h1>
<p>${escapeHtml(options.clientName)} asks you to sign in.</p>
<form method="post" action="${escapeHtml(options.interactionPath)}">
${choices.join('\n')}
<button class="quiet" name="cancel" value="yes">Cancel</button>
</form>`,
  )
}

/** A page that says one thing. */
export function messagePage(title: string, text: string): string {
  return page(title, `<h1>${escapeHtml(title)}</h1>\n<p>${escapeHtml(text)}</p>`)
}

/** The page that asks for the code a device shows; `form` is the provider's own hidden form. */
export function deviceCodePage(form: string, options: { refused: boolean }): string {
  const text = options.refused
    ? 'That code is not known. Type it as your device shows it.'
    : 'Type the code that your device shows.'
  return page(
    'Connect a device',
    `<h1>Connect a device</h1>\n<p>${text}</p>\n${form}\n<button class="main" type="submit" form="op.deviceInputForm">Continue</button>`,
  )
}

/** The page that asks whether the shown code is the device's. */
export function deviceConfirmationPage(
  form: string,
  options: { clientName: string; userCode: string },
): string {
  return page(
    'Connect a device',
    `<h1>Is this your device?</h1>
<p>${escapeHtml(options.clientName)} shows this code. Continue only if you started it yourself.</p>
<code>${escapeHtml(options.userCode)}</code>
${form}
<button class="main" type="submit" form="op.deviceConfirmForm" autofocus>Continue</button>
<button class="quiet" type="submit" form="op.deviceConfirmForm" name="abort" value="yes">It is not mine</button>`,
  )
}

/** The page that asks whether to sign out. */
export function signOutPage(form: string): string {
  return page(
    'Sign out',
    `<h1>Sign out?</h1>
<p>You will be asked who you are the next time.</p>
${form}
<button class="main" type="submit" form="op.logoutForm" name="logout" value="yes" autofocus>Sign out</button>
<button class="quiet" type="submit" form="op.logoutForm">Stay signed in</button>`,
  )
}

/** A person's picture: their initials, as SVG. */
export function pictureOf(person: Person): string {
  const initials = `${person.givenName[0] ?? ''}${person.familyName[0] ?? ''}`
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96"><rect width="96" height="96" fill="#6f2aef"/><text x="48" y="60" text-anchor="middle" font-family="system-ui, sans-serif" font-size="36" fill="#fff">${escapeHtml(initials)}</text></svg>`
}
