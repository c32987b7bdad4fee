import { STATUS_CODES } from 'node:http'
import type { HeaderField } from './request.ts'

/** What goes back to the client. */
export interface Answer {
  readonly status: number
  /** Reason phrase; the standard one if absent. */
  readonly statusText?: string
  readonly headers: readonly HeaderField[]
  readonly body?: Buffer | string
}

const PHRASES: Readonly<Record<number, string>> = {
  460: 'Client Closed',
  463: 'Too Many IPs',
  561: 'Unauthorized',
}

/** The reason phrase of a status, including those only load balancers use. */
export function reasonPhrase(status: number): string {
  return STATUS_CODES[status] ?? PHRASES[status] ?? 'Unknown'
}

/** A short page the load balancer itself answers with. It never says more than the status. */
export function statusAnswer(status: number): Answer {
  const title = `${status} ${reasonPhrase(status)}`
  const body = `<!doctype html><title>${title}</title><h1>${title}</h1>\n`
  return { status, headers: [['content-type', 'text/html']], body }
}

/** A temporary redirect, as the steps of a login use it. */
export function found(location: string, headers: readonly HeaderField[] = []): Answer {
  return { status: 302, headers: [['location', location], ...headers], body: '' }
}
