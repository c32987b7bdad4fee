/** How to connect the SDK, the command line and other programs to this deployment. */
import { type Html, html } from '../shared/html/html.ts'
import type { HttpRequest, HttpResponse } from '../shared/http/message.ts'
import type { Caller } from '../shared/identity/caller.ts'
import { navigation } from './bar.ts'
import { type Connection, type ConnectionOptions, connectionOf } from './connection.ts'
import { pageResponse } from './document.ts'
import { describeCaller } from './person.ts'

export interface ConnectPageOptions extends Omit<ConnectionOptions, 'subject'> {
  readonly request: HttpRequest
  readonly caller: Caller
}

/** Answers the page; only its copy buttons need JavaScript. */
export function connectPage({ request, caller, settings, publicUrl }: ConnectPageOptions): HttpResponse {
  const connection = connectionOf({ settings, publicUrl, subject: caller.subject })
  return pageResponse({
    request,
    status: 200,
    title: 'Connect',
    bar: navigation(describeCaller(caller), 'connect'),
    main: html`<main id="main" data-page="connect">
<div class="page-head"><div><h1>Connect the SDK</h1><p class="soft">From your own machine to <code>${publicUrl}</code>, as yourself.</p></div></div>
${connection.isSecure ? undefined : PLAIN_HTTP}
${steps(connection)}
${programs(connection)}
${factsCard(connection)}
<p class="sr" id="changes" aria-live="polite"></p>
</main>`,
    script: true,
  })
}

const PLAIN_HTTP = html`<div class="notice caution"><p>This deployment is reached by plain http, over which the SDK sends no credentials. Use https for it; on your own machine start it with <code>npm start -- --tls</code>. Calls with a token work either way.</p></div>`

function steps({ personConfig, createConfig }: Connection): Html {
  return html`<section class="card stack" aria-labelledby="sdk-title">
<h2 id="sdk-title">Python SDK and command line</h2>
<ol class="steps">
<li><h3>Install</h3>${snippet('pip install flyte', 'the install command')}</li>
<li><h3>Configure</h3><p class="soft">Let the command line write the file:</p>${snippet(createConfig, 'the configure command')}
<p class="soft">Or save this as <code>~/.flyte/config.yaml</code> yourself:</p>${snippet(personConfig, 'the configuration file')}</li>
<li><h3>Try it</h3><p class="soft">The first call opens a browser to sign in; the answer is who you are here.</p>${snippet('flyte whoami\nflyte get run --only-mine', 'the commands to try')}</li>
</ol>
</section>`
}

function programs({ serviceConfig, token, call }: Connection): Html {
  return html`<div class="columns">
<section class="card stack" aria-labelledby="service-title">
<h2 id="service-title">A service, without a browser</h2>
<p class="soft">With a client of its own at the authorization server (client credentials). Its runs are recorded as an application's.</p>
${snippet(serviceConfig, 'the configuration of a service')}
</section>
<section class="card stack" aria-labelledby="token-title">
<h2 id="token-title">Anything that speaks HTTP</h2>
<p class="soft">Every call takes JSON and a bearer token:</p>
${snippet(`${token}\n${call}`, 'the call with a token')}
</section>
</div>`
}

function factsCard({ facts }: Connection): Html {
  return html`<section class="card stack" aria-labelledby="facts-title">
<h2 id="facts-title">For a client of your own</h2>
<p class="soft">What clients discover by themselves, and what to register at the authorization server.</p>
<dl class="facts listed">${facts.map(([term, value]) => html`<div><dt>${term}</dt><dd><code>${value}</code></dd></div>`)}</dl>
</section>`
}

/** A text to copy. The button comes with the script, which makes it work. */
function snippet(text: string, what: string): Html {
  return html`<div class="snippet"><pre tabindex="0" aria-label="${what}"><code>${text}</code></pre><button type="button" class="quiet copy" data-copy="" aria-label="Copy ${what}" hidden>Copy</button></div>`
}
