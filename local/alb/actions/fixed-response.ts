import type { Answer } from '../answer.ts'
import type { FixedResponseAction } from './parse.ts'

/** Answers a fixed-response action; without a content type it is plain text. */
export function fixedResponse(action: FixedResponseAction): Answer {
  return {
    status: action.status,
    headers: [['content-type', action.contentType ?? 'text/plain; charset=utf-8']],
    body: action.body,
  }
}
