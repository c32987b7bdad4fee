/** The page about whoever looks: what the API says of them, and times in their own time zone. */
import { byId, element } from './dom.ts'
import { callRpc, RpcError } from './rpc.ts'

/** Shows the API's own answer, and why there is none otherwise. */
export async function startWhoAmIPage(): Promise<void> {
  for (const time of document.querySelectorAll<HTMLTimeElement>('time[data-exact]')) {
    time.textContent = new Date(time.dateTime).toLocaleString()
  }
  byId('recorded', HTMLDivElement).replaceChildren(await recorded())
}

async function recorded(): Promise<HTMLElement> {
  try {
    const answer = await callRpc<object>('flyteidl2.auth.IdentityService/UserInfo', {})
    return element(
      'pre',
      { class: 'block', tabindex: '0', 'aria-label': 'The answer as JSON' },
      JSON.stringify(answer, undefined, 2),
    )
  } catch (error) {
    if (!(error instanceof RpcError)) throw error
    return element('p', { class: 'notice problem' }, error.reason || error.message)
  }
}
