/** The small parts that lists and details are made of. */
import { element } from './dom.ts'
import type { RunView, Who } from './run-view.ts'
import { durationText, relativeTime } from './time-text.ts'

/** A person or an application: letters, name, and what is below the name. */
export function whoPart(who: Who): HTMLElement {
  const shape = who.kind === 'application' ? 'avatar square' : 'avatar'
  return element(
    'span',
    { class: 'who' },
    element('span', { class: `${shape} ${who.hue}`, 'aria-hidden': 'true' }, who.initials),
    element(
      'span',
      { class: 'who-text' },
      element('span', { class: 'who-name' }, who.name),
      who.detail === '' ? undefined : element('span', { class: 'soft' }, who.detail),
    ),
  )
}

/** A phase: a dot with its word. */
export function phasePart({ label, tone }: RunView['phase']): HTMLElement {
  return element('span', { class: `phase ${tone}` }, label)
}

/** A time, said relative to now and kept so by {@link refreshTimes}; the exact one is its tooltip. */
export function timePart(atMs: number | undefined, nowMs: number): HTMLElement {
  if (atMs === undefined) return element('span', { class: 'soft' }, '–')
  const at = new Date(atMs)
  return element(
    'time',
    { datetime: at.toISOString(), title: at.toLocaleString(), 'data-relative': true },
    relativeTime(atMs, nowMs),
  )
}

/** Says every time and duration on the page anew. */
export function refreshTimes(nowMs: number): void {
  for (const time of document.querySelectorAll<HTMLTimeElement>('time[data-relative]')) {
    setText(time, relativeTime(Date.parse(time.dateTime), nowMs))
  }
  for (const duration of document.querySelectorAll<HTMLElement>('[data-since]')) {
    setText(duration, durationText(Math.max(0, nowMs - Number(duration.dataset.since))))
  }
}

function setText(of: HTMLElement, text: string): void {
  if (of.textContent !== text) of.textContent = text
}
