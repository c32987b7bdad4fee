/** What the listener refuses by itself, in the error shape of Connect, so that clients read it. */
import type { HeaderCondition, LastAction } from './rule-description.ts'

/** Answered for services that only the tasks' own network may call. Connect's error shape, so that clients read it. */
export const REFUSED: LastAction = {
  kind: 'fixed',
  status: 403,
  contentType: 'application/json',
  body: JSON.stringify({ code: 'permission_denied', message: 'This service is not reachable from outside.' }),
}

/**
 * A `content-length` over the 1,048,576 bytes that an Application Load Balancer passes on to a function, written
 * without what not every engine has: a regular expression of a listener has 128 characters at most.
 */
export const OVER_ONE_MEGABYTE: HeaderCondition = {
  name: 'content-length',
  by: 'regex',
  values: [
    '^([0-9]{8,}|[2-9][0-9]{6}|1[1-9][0-9]{5}|10[5-9][0-9]{4}|1049[0-9]{3}|1048[6-9][0-9]{2}|10485[89][0-9]|104857[7-9])$',
  ],
}

/** Instead of the load balancer's 413, which the SDK takes for a problem with the sign-in, and signs in again. */
export const TOO_LARGE: LastAction = tooLarge('out_of_range')

/** To running tasks: the runtime repeats a call a hundred times unless its argument is to blame. */
export const TOO_LARGE_FOR_TASKS: LastAction = tooLarge('invalid_argument')

function tooLarge(code: 'out_of_range' | 'invalid_argument'): LastAction {
  const message =
    'The request is larger than the load balancer passes on (1 MB, compressed). Put large data into the bucket, as a file, a directory or a data frame, and pass that on as input.'
  return {
    kind: 'fixed',
    status: 400,
    contentType: 'application/json',
    body: JSON.stringify({ code, message }),
  }
}
