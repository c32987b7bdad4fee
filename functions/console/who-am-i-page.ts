/** Who somebody is here, how that is known, for how long it holds, and the way out. */
import type { FunctionSettings } from '../shared/config.ts'
import { type Html, html } from '../shared/html/html.ts'
import type { HttpRequest, HttpResponse } from '../shared/http/message.ts'
import type { Caller } from '../shared/identity/caller.ts'
import { avatar, navigation } from './bar.ts'
import { pageResponse } from './document.ts'
import { describeCaller, type Person } from './person.ts'
import { signOutForm } from './sign-out.ts'

export interface WhoAmIOptions {
  readonly request: HttpRequest
  readonly caller: Caller
  readonly settings: Pick<FunctionSettings, 'auth' | 'loadBalancer' | 'session'>
}

type Settings = WhoAmIOptions['settings']

/** Answers the page; all of it but the last card works without JavaScript. */
export function whoAmIPage({ request, caller, settings }: WhoAmIOptions): HttpResponse {
  const person = describeCaller(caller)
  return pageResponse({
    request,
    status: 200,
    title: 'Who am I',
    bar: navigation(person, 'whoami'),
    main: html`<main id="main" data-page="whoami">
<section class="card identity" aria-labelledby="who">
${avatar(person, 'large')}
<div class="identity-name">
<p class="eyebrow">Signed in as</p>
<h1 id="who">${person.name}</h1>
<p class="soft">${person.email ?? 'no e-mail address known'}</p>
</div>
${signOutForm(caller.source)}
<p class="known-by">${CHECK}<span>${person.knownBy}</span></p>
</section>
<div class="columns">
${identityCard(caller, person)}
${sessionCard(caller, settings)}
</div>
<section class="card stack" aria-labelledby="recorded-title">
<h2 id="recorded-title">What a run of yours records</h2>
<p class="soft">This is the API's own answer about you. The same goes into every run that you start, as executed_by.</p>
<div id="recorded" aria-live="polite"><noscript><p class="soft">Shown with JavaScript; on the command line it is “flyte whoami”.</p></noscript></div>
</section>
</main>`,
    script: true,
  })
}

function identityCard({ profile, clientId }: Caller, { subject, issuer, kind, email, name }: Person): Html {
  const rows: readonly Fact[] = [
    ['Name', name],
    ['E-mail', email],
    ['User name', profile.preferredUsername],
    ['Kind', kind],
    ['Subject', code(subject)],
    ['Issuer', code(issuer)],
    ['Client', code(clientId)],
  ]
  return card('identity-title', 'Identity', 'Issuer and subject together are you; the rest may change.', rows)
}

function sessionCard({ source, scopes, expiresAtEpochSeconds }: Caller, settings: Settings): Html {
  const { note, lasts } = SESSIONS[source](settings)
  const asked = lasts === undefined ? scopes : settings.auth.userAuth.openId.scopes
  const rows: readonly Fact[] = [
    ['Established by', ESTABLISHED_BY[source]],
    [
      lasts === undefined ? 'Scopes' : 'Scopes asked for',
      asked.length === 0 ? 'none named' : asked.join(', '),
    ],
    ['Session lasts', lasts],
    [lasts === undefined ? 'Holds until' : 'This proof holds until', time(expiresAtEpochSeconds)],
  ]
  return card('session-title', 'How that is known', note, rows)
}

interface SessionFacts {
  readonly note: string
  /** Undefined where there is no session. */
  readonly lasts: string | undefined
}

const ofBalancer = ({ loadBalancer }: Settings): SessionFacts => ({
  note: 'The load balancer proves who you are anew with every request, for a short while each.',
  lasts: `Up to ${spanText(loadBalancer.sessionTimeoutSeconds)} after you signed in`,
})
const ofToken = (): SessionFacts => ({
  note: 'What you may do is decided by every request anew.',
  lasts: undefined,
})
const ofSession = ({ session }: Settings): SessionFacts => ({
  note: 'Your provider’s proof is verified with every request. When it runs out it is renewed in passing.',
  lasts:
    session === undefined
      ? undefined
      : `Up to ${spanText(session.absoluteSeconds)} after you signed in, or ${spanText(session.idleSeconds)} without a request`,
})

const SESSIONS: Readonly<Record<Caller['source'], (settings: Settings) => SessionFacts>> = {
  'alb-claims': ofBalancer,
  'alb-subject': ofBalancer,
  session: ofSession,
  bearer: ofToken,
  'proxy-bearer': ofToken,
}

const ESTABLISHED_BY: Readonly<Record<Caller['source'], string>> = {
  'alb-claims': "The load balancer's session, with its signed claims",
  'alb-subject': "The load balancer's session, with the subject alone",
  session: 'A session of this deployment, in sealed cookies',
  bearer: 'An access token',
  'proxy-bearer': 'The identity-aware proxy that you came through',
}

type Fact = readonly [term: string, value: string | Html | undefined]

function card(id: string, title: string, note: string, rows: readonly Fact[]): Html {
  const known = rows.filter(([, value]) => value !== undefined && value !== '')
  return html`<section class="card stack" aria-labelledby="${id}">
<h2 id="${id}">${title}</h2>
<p class="soft">${note}</p>
<dl class="facts listed">${known.map(([term, value]) => html`<div><dt>${term}</dt><dd>${value}</dd></div>`)}</dl>
</section>`
}

function code(text: string | undefined): Html | undefined {
  return text === undefined ? undefined : html`<code>${text}</code>`
}

/** Said in UTC, which is right everywhere; the script says it in the reader's own time. */
function time(epochSeconds: number | undefined): Html | undefined {
  if (epochSeconds === undefined) return undefined
  const iso = new Date(epochSeconds * 1000).toISOString()
  return html`<time datetime="${iso}" data-exact="">${iso.slice(0, 19).replace('T', ' ')} UTC</time>`
}

const DAY_SECONDS = 86_400
const HOUR_SECONDS = 3_600

/** The largest unit that leaves no rest, up to days. */
function spanText(seconds: number): string {
  const units = [
    [DAY_SECONDS, 'day'],
    [HOUR_SECONDS, 'hour'],
    [60, 'minute'],
  ] as const
  const [length, name] = units.find(([size]) => seconds % size === 0) ?? [1, 'second']
  const count = seconds / length
  return `${count} ${name}${count === 1 ? '' : 's'}`
}

const CHECK = html`<svg class="check" viewBox="0 0 20 20" aria-hidden="true" focusable="false"><circle cx="10" cy="10" r="9"/><path d="m6 10.4 2.7 2.7L14.2 7.6"/></svg>`
