/**
 * How `InternalRunService` answers: every response carries a `google.rpc.Status`.
 *
 * A single call that fails is an RPC error like any other. In a stream, what is wrong with one message is told in
 * its answer and the others are taken all the same; an outage ends the stream, so that its sender tries again.
 */
import { create } from '@bufbuild/protobuf'
import type { HandlerContext } from '@connectrpc/connect'
import { type Status, StatusSchema } from '@flyteorg/flyteidl2/google/rpc/status_pb.ts'
import { asServiceError, ServiceError } from '../shared/errors.ts'
import { connectErrorOf } from '../shared/rpc/error.ts'
import { callKey } from '../shared/rpc/router.ts'

/** The status of what went well. */
export function okStatus(): Status {
  return create(StatusSchema)
}

/** The status of what was refused: the same code and sentence that a single call would have got. */
function statusOf(error: ServiceError): Status {
  const { code, rawMessage } = connectErrorOf(error, {})
  return create(StatusSchema, { code, message: rawMessage })
}

/** What a function gets done one after the other before its time is over. */
export const MAX_STREAM_MESSAGES = 1_000

/**
 * Takes the messages of a stream one after the other, and answers each. A stream that is too long ends with
 * `request_too_large` after as many as fit, which have been taken.
 */
export async function* answerEach<Request, Response>(
  requests: AsyncIterable<Request>,
  context: HandlerContext,
  take: (request: Request) => Promise<void>,
  respond: (request: Request, status: Status) => Response,
): AsyncGenerator<Response> {
  const { notes } = context.values.get(callKey)
  let count = 0
  for await (const request of requests) {
    count += 1
    if (count > MAX_STREAM_MESSAGES) {
      throw new ServiceError('request_too_large', {
        message: `A stream has at most ${MAX_STREAM_MESSAGES} messages here. Send the rest in another one.`,
      })
    }
    const refusal = await refusalOf(() => take(request))
    if (refusal !== undefined) notes.refused = Number(notes.refused ?? 0) + 1
    yield respond(request, refusal === undefined ? okStatus() : statusOf(refusal))
  }
}

async function refusalOf(take: () => Promise<void>): Promise<ServiceError | undefined> {
  try {
    await take()
    return undefined
  } catch (thrown) {
    const error = asServiceError(thrown)
    if (error.status >= 500) throw error
    return error
  }
}
