import type { IncomingMessage } from 'node:http'

/** Reads the whole body of a request. There is no limit: who calls this is on this machine. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks)
}
