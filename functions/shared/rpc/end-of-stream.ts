/** A stream that consists of nothing but the failure it ends with (Connect's end-of-stream message). */
import type { ServiceError } from '../errors.ts'
import type { HttpResponse } from '../http/message.ts'

const END_OF_STREAM = 0b10
const PREFIX_BYTES = 5

/** The failure as an answer to a streaming call: status 200, because in a stream the error is in the body. */
export function endOfStream(
  error: ServiceError,
  contentType: string,
  metadata: Readonly<Record<string, string>>,
): HttpResponse {
  const fields = Object.entries({ ...error.headers, ...metadata }).map(([name, value]) => [name, [value]])
  const message = JSON.stringify({
    error: { code: error.code, message: error.message },
    metadata: Object.fromEntries(fields),
  })
  const body = Buffer.alloc(PREFIX_BYTES + Buffer.byteLength(message))
  body.writeUInt8(END_OF_STREAM, 0)
  body.writeUInt32BE(Buffer.byteLength(message), 1)
  body.write(message, PREFIX_BYTES)
  return { status: 200, headers: { 'content-type': contentType }, body }
}
