/**
 * Events in the shapes a load balancer sends: both header modes, browser, SDK, curl, form, health check.
 *
 * Tests that face the load balancer run over all of them; the values in them stand for nobody.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ALBEvent } from 'aws-lambda'

/** The names of the events, without `.json`. */
export function eventNames(): string[] {
  const names = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.json'))
  return names.map((name) => name.slice(0, -'.json'.length)).sort()
}

/** A fresh copy of an event. */
export function readEvent(name: string): ALBEvent {
  return JSON.parse(readFileSync(join(import.meta.dirname, `${name}.json`), 'utf8')) as ALBEvent
}
