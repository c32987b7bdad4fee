/** The first page: who you are, and the newest runs with who made them. */
import type { FunctionSettings } from '../shared/config.ts'
import { type Html, html } from '../shared/html/html.ts'
import type { HttpRequest, HttpResponse } from '../shared/http/message.ts'
import type { Caller } from '../shared/identity/caller.ts'
import { pageResponse } from './document.ts'
import { describeCaller, type Person } from './person.ts'

export interface ConsolePageOptions {
  readonly request: HttpRequest
  readonly caller: Caller
  readonly settings: Pick<FunctionSettings, 'runs'>
}

/** Answers the page for a caller. The runs are fetched by its script, with the same session. */
export function consolePage({ request, caller, settings }: ConsolePageOptions): HttpResponse {
  const person = describeCaller(caller)
  return pageResponse({
    request,
    status: 200,
    title: 'Runs',
    bar: placeChooser(settings.runs),
    main: html`<main>
${identitySection(person)}
${runsSection()}
</main>
<dialog id="details" class="details" aria-labelledby="details-title"></dialog>`,
    script: true,
  })
}

/** The projects known at deployment stand in until the script has the current list. */
function placeChooser({ seedProjects, domains }: FunctionSettings['runs']): Html {
  const option = (name: string) => html`<option>${name}</option>`
  const preferred = domains.includes('development') ? 'development' : domains[0]
  const domainOption = (name: string) =>
    name === preferred ? html`<option selected>${name}</option>` : option(name)
  return html`<div class="place">
<label><span>Project</span><select id="project" autocomplete="off">${seedProjects.map(option)}</select></label>
<label><span>Domain</span><select id="domain" autocomplete="off">${domains.map(domainOption)}</select></label>
</div>`
}

function identitySection(person: Person): Html {
  return html`<section class="card identity" aria-labelledby="who">
<span class="avatar large ${person.hue}" aria-hidden="true">${person.initials}</span>
<div class="identity-name">
<p class="eyebrow">Signed in as</p>
<h1 id="who">${person.name}</h1>
<p class="soft">${person.email ?? 'no e-mail address known'}</p>
</div>
<dl class="facts">
<div><dt>Subject</dt><dd><code>${person.subject}</code></dd></div>
<div><dt>Issuer</dt><dd><code>${person.issuer}</code></dd></div>
<div><dt>Kind</dt><dd>${person.kind}</dd></div>
</dl>
<p class="known-by">${CHECK}<span>${person.knownBy}</span></p>
</section>`
}

function runsSection(): Html {
  return html`<section class="card runs" aria-labelledby="runs-title">
<div class="runs-head">
<div><h2 id="runs-title">Newest runs</h2><p class="soft" id="runs-place"></p></div>
<div class="actions">
<button type="button" class="quiet" id="refresh" disabled>Refresh</button>
<button type="button" class="primary" id="start" disabled>Start a sample run</button>
</div>
</div>
<noscript><p class="notice problem">This page needs JavaScript to show runs. The API and the command line do not.</p></noscript>
<div id="notice" class="notices" role="status" aria-live="polite"></div>
<div id="runs" aria-busy="true"></div>
<div class="more"><button type="button" class="quiet" id="older" hidden>Show older runs</button></div>
</section>`
}

const CHECK = html`<svg class="check" viewBox="0 0 20 20" aria-hidden="true" focusable="false"><circle cx="10" cy="10" r="9"/><path d="m6 10.4 2.7 2.7L14.2 7.6"/></svg>`
