/** Asking again, politely: not while nobody looks, less often when nothing happens or the service is in trouble. */

import { nextDelayMs, type Pace } from './pace.ts'

/** How a look went. `stop` is for what asking again does not mend, such as a session that ended. */
export type Outcome = 'changed' | 'same' | 'failed' | 'stop'

export interface PollOptions extends Pace {
  readonly look: () => Promise<Outcome>
}

export interface Poll {
  /** Whether it goes on at all; switching it on looks at once. */
  readonly setOn: (isOn: boolean) => void
  /** The next look is a whole interval away: something else has just looked. */
  readonly postpone: () => void
}

/** Starts to look again and again, with a pause while the page is hidden. */
export function startPoll(options: PollOptions): Poll {
  let isOn = true
  let timer: number | undefined
  let history = { unchanged: 0, failures: 0 }

  function plan(delayMs = nextDelayMs(options, history)): void {
    clearTimeout(timer)
    if (isOn && !document.hidden) timer = setTimeout(() => void look(), delayMs)
  }

  async function look(): Promise<void> {
    const outcome = await options.look()
    if (outcome === 'stop') isOn = false
    if (outcome === 'failed') history = { ...history, failures: history.failures + 1 }
    else history = { unchanged: outcome === 'changed' ? 0 : history.unchanged + 1, failures: 0 }
    plan()
  }

  document.addEventListener('visibilitychange', () => plan(0))
  plan()
  return {
    setOn: (on) => {
      isOn = on
      history = { unchanged: 0, failures: 0 }
      plan(0)
    },
    postpone: () => {
      history = { unchanged: 0, failures: 0 }
      plan()
    },
  }
}
