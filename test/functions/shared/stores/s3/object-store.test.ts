import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { ObjectStore } from '../../../../../functions/shared/stores/object-store.ts'
import { lazyObjectStore } from '../../../../../functions/shared/stores/object-store.ts'
import { createS3ObjectStore } from '../../../../../functions/shared/stores/s3/object-store.ts'

/** Objects by path, behind as much of S3 as the store uses. */
const objects = new Map<string, Buffer>()
let failure: number | 'hang-up' | undefined
let server: Server
let store: ObjectStore

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const path = new URL(request.url ?? '', 'http://s3').pathname
      if (failure === 'hang-up') return void response.destroy()
      if (failure !== undefined) return void response.writeHead(failure).end()
      if (request.method === 'PUT') {
        objects.set(path, Buffer.concat(chunks))
        return void response.writeHead(200).end()
      }
      const object = objects.get(path)
      if (object !== undefined) return void response.writeHead(200).end(object)
      const error = '<?xml version="1.0"?><Error><Code>NoSuchKey</Code><Message>None.</Message></Error>'
      response.writeHead(404, { 'content-type': 'application/xml' }).end(error)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  vi.stubEnv('AWS_ENDPOINT_URL_S3', `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  vi.stubEnv('AWS_REGION', 'us-east-1')
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test')
  store = createS3ObjectStore()
})
beforeEach(() => {
  failure = undefined
  objects.clear()
})
afterAll(async () => {
  vi.unstubAllEnvs()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const URI = 's3://bucket/prefix/a b/inputs.pb'

describe('the object store in S3', () => {
  it('reads back the bytes of an object', async () => {
    const bytes = new Uint8Array([0xff, 0xfe, 0, 0x80])
    await store.put(URI, bytes)
    expect([...objects.keys()]).toEqual(['/bucket/prefix/a%20b/inputs.pb'])
    expect(await store.find(URI)).toEqual(bytes)
  })

  it('replaces an object', async () => {
    await store.put(URI, new Uint8Array([1]))
    await store.put(URI, new Uint8Array([2]))
    expect(await store.find(URI)).toEqual(new Uint8Array([2]))
  })

  it('finds no object that was not written', async () => {
    expect(await store.find(URI)).toBeUndefined()
  })

  for (const way of [403, 503, 'hang-up'] as const) {
    it(`says storage_unavailable when S3 answers with ${way}`, async () => {
      failure = way
      const reason = { reason: 'storage_unavailable', code: 'unavailable' }
      await expect(store.put(URI, new Uint8Array([1]))).rejects.toMatchObject(reason)
      await expect(store.find(URI)).rejects.toMatchObject(reason)
    })
  }

  for (const uri of ['', 's3://bucket', 's3:///key', 'https://bucket/key', '/tmp/key']) {
    it(`does not take "${uri}" for an object in S3`, async () => {
      await expect(store.put(uri, new Uint8Array([1]))).rejects.toMatchObject({
        reason: 'storage_unavailable',
      })
    })
  }
})

describe('a lazy object store', () => {
  it('is made once, at its first use', async () => {
    let made = 0
    const lazy = lazyObjectStore(async () => {
      made += 1
      return store
    })
    expect(made).toBe(0)
    await Promise.all([lazy.put(URI, new Uint8Array([1])), lazy.find(URI)])
    expect(made).toBe(1)
  })

  it('is tried again when it could not be made', async () => {
    let tries = 0
    const lazy = lazyObjectStore(async () => {
      tries += 1
      if (tries === 1) throw new TypeError('not this time')
      return store
    })
    await expect(lazy.find(URI)).rejects.toThrow(TypeError)
    expect(await lazy.find(URI)).toBeUndefined()
  })
})
