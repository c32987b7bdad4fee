/** The page of one run, which its address names in the query. */
import { html } from '../shared/html/html.ts'
import type { HttpRequest, HttpResponse } from '../shared/http/message.ts'
import type { Caller } from '../shared/identity/caller.ts'
import { navigation } from './bar.ts'
import { pageResponse } from './document.ts'
import { describeCaller } from './person.ts'

export interface RunPageOptions {
  readonly request: HttpRequest
  readonly caller: Caller
  /** Where the script sends somebody whose session has ended. */
  readonly signInPath: string | undefined
}

/**
 * Answers the page for a caller. It is the same for every run: its script reads the address, fetches the run, and
 * says so if there is none.
 */
export function runPage({ request, caller, signInPath }: RunPageOptions): HttpResponse {
  return pageResponse({
    request,
    status: 200,
    title: 'Run',
    bar: navigation(describeCaller(caller), undefined),
    main: html`<main id="main" data-page="run" data-sign-in="${signInPath}">
<nav class="trail" aria-label="Where this is"><a href="/v2" id="trail">Runs</a></nav>
<div class="page-head">
<div><h1 id="run-title">Run</h1><p class="soft mono" id="run-name"></p></div>
<div class="actions"><span id="run-phase"></span><button type="button" class="danger" id="abort" hidden>Abort</button></div>
</div>
<noscript><p class="notice problem">This page needs JavaScript to show a run. The API and the command line do not.</p></noscript>
<div id="notice" class="notices" role="status" aria-live="polite"></div>
<div id="run" class="run" aria-busy="true"></div>
<section class="card runs" id="actions-card" aria-labelledby="actions-title" hidden>
<div class="card-head"><div><h2 id="actions-title">Actions</h2><p class="soft" id="actions-summary"></p></div></div>
<div id="actions"></div>
</section>
<p class="sr" id="changes" aria-live="polite"></p>
<dialog id="abort-dialog" class="dialog" aria-labelledby="abort-title">
<form method="dialog" id="abort-form">
<h2 id="abort-title">Abort this run?</h2>
<p class="soft">It stops as soon as it can and cannot be taken up again. Your name is recorded with it.</p>
<label class="stacked"><span>Why (kept with the run)</span><textarea id="abort-reason" rows="2" maxlength="1000" autocomplete="off"></textarea></label>
<p id="abort-problem" class="problem-text" role="alert"></p>
<div class="actions end">
<button type="button" class="quiet" id="abort-cancel">Keep it running</button>
<button type="submit" class="danger" id="abort-confirm">Abort the run</button>
</div>
</form>
</dialog>
</main>`,
    script: true,
  })
}
