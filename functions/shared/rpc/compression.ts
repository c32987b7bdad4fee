/** gzip for Connect, over Node's zlib. */
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import { Code, ConnectError } from '@connectrpc/connect'
import type { Compression } from '@connectrpc/connect/protocol'

const gzipAsync = promisify(gzip)
const gunzipAsync = promisify(gunzip)

/**
 * Reads and writes `gzip`. Decompression stops at the given limit, so that a small request cannot become a
 * large one in memory.
 */
export const gzipCompression: Compression = {
  name: 'gzip',
  compress: (bytes) => gzipAsync(bytes, { level: 4 }),
  decompress: async (bytes, maxBytes) => {
    if (bytes.length === 0) return new Uint8Array()
    try {
      return await gunzipAsync(bytes, { maxOutputLength: maxBytes })
    } catch (error) {
      const tooLarge = (error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE'
      throw new ConnectError(
        tooLarge ? `message is larger than ${maxBytes} bytes` : 'message is not gzip',
        tooLarge ? Code.OutOfRange : Code.InvalidArgument,
      )
    }
  },
}
