/** The first page: the newest runs with who made them, and how they went over time. */
import type { FunctionSettings } from '../shared/config.ts'
import { type Html, html } from '../shared/html/html.ts'
import type { HttpRequest, HttpResponse } from '../shared/http/message.ts'
import type { Caller } from '../shared/identity/caller.ts'
import { navigation } from './bar.ts'
import { pageResponse } from './document.ts'
import { describeCaller } from './person.ts'

export interface RunsPageOptions {
  readonly request: HttpRequest
  readonly caller: Caller
  readonly settings: Pick<FunctionSettings, 'runs'>
  /** Where the script sends somebody whose session has ended. */
  readonly signInPath: string | undefined
}

/** Answers the page for a caller. The runs are fetched by its script, with the same session. */
export function runsPage({ request, caller, settings, signInPath }: RunsPageOptions): HttpResponse {
  const person = describeCaller(caller)
  return pageResponse({
    request,
    status: 200,
    title: 'Runs',
    bar: navigation(person, 'runs'),
    main: html`<main id="main" data-page="runs" data-subject="${person.subject}" data-sign-in="${signInPath}">
<div class="page-head">
<div><h1>Runs</h1><p class="soft">What ran here, how it went, and who made it.</p></div>
<div class="actions">
<button type="button" class="quiet live" id="live" aria-pressed="true" disabled>Live</button>
<button type="button" class="quiet" id="refresh" disabled>Refresh</button>
<button type="button" class="primary" id="start" disabled>Start a sample run</button>
</div>
</div>
<noscript><p class="notice problem">This page needs JavaScript to show runs. The API and the command line do not.</p></noscript>
<div id="notice" class="notices" role="status" aria-live="polite"></div>
${filters(settings.runs)}
${CHART}
${LIST}
</main>`,
    script: true,
  })
}

/** The projects known at deployment stand in until the script has the current list. */
function filters({ seedProjects, domains }: FunctionSettings['runs']): Html {
  const option = (name: string) => html`<option>${name}</option>`
  const preferred = domains.includes('development') ? 'development' : domains[0]
  const domainOption = (name: string) =>
    name === preferred ? html`<option selected>${name}</option>` : option(name)
  return html`<form class="filters" id="filters" role="search" aria-label="Which runs">
${field('project', 'Project', seedProjects.map(option))}
${field('domain', 'Domain', domains.map(domainOption))}
${field('status', 'Status', STATUSES)}
${field('owner', 'Made by', OWNERS)}
<button type="button" class="link" id="clear" hidden>Clear filters</button>
</form>`
}

function field(id: string, label: string, options: readonly Html[]): Html {
  return html`<label><span>${label}</span><select id="${id}" autocomplete="off">${options}</select></label>`
}

const STATUSES: readonly Html[] = [
  html`<option value="">Any</option>`,
  html`<option value="active">In progress</option>`,
  html`<option value="succeeded">Succeeded</option>`,
  html`<option value="failed">Failed</option>`,
  html`<option value="aborted">Aborted</option>`,
]

const OWNERS: readonly Html[] = [
  html`<option value="">Everybody</option>`,
  html`<option value="mine">Me</option>`,
]

const CHART = html`<section class="card chart" aria-labelledby="chart-title">
<div class="card-head">
<div class="inline"><h2 id="chart-title">Over time</h2><p class="soft" id="chart-summary"></p></div>
<div class="choices">
<fieldset class="choice"><legend class="sr">Time</legend>
<label><input type="radio" name="range" value="24h"><span>24 hours</span></label>
<label><input type="radio" name="range" value="7d" checked><span>7 days</span></label>
<label><input type="radio" name="range" value="30d"><span>30 days</span></label>
</fieldset>
<fieldset class="choice"><legend class="sr">Coloured by</legend>
<label><input type="radio" name="by" value="outcome" checked><span>By outcome</span></label>
<label><input type="radio" name="by" value="person"><span>By person</span></label>
</fieldset>
</div>
</div>
<div id="chart" class="chart-area" aria-busy="true"></div>
</section>`

const LIST = html`<section class="card runs" aria-labelledby="runs-title">
<div class="card-head">
<div><h2 id="runs-title">Newest runs</h2><p class="soft" id="runs-place"></p></div>
<p class="soft updated" id="updated"></p>
</div>
<div id="runs" aria-busy="true"></div>
<div class="more"><button type="button" class="quiet" id="older" hidden>Show older runs</button></div>
<p class="sr" id="changes" aria-live="polite"></p>
</section>`
