import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ownerOnly } from '../../../local/aws/access.ts'
import { LOCAL_CREDENTIALS } from '../../../local/aws/credentials.ts'
import { type LocalS3, startS3 } from '../../../local/aws/s3.ts'
import { presign } from './presign.ts'

const BUCKET = 'a-bucket'
let server: LocalS3
let client: S3Client
let directory: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 's3-'))
  server = await startS3({ buckets: [BUCKET], directory: null, access: ownerOnly })
  client = clientOf(server)
})
afterAll(async () => {
  await server.close()
  await rm(directory, { recursive: true })
})

function clientOf(
  { endpoint }: LocalS3,
  credentials: { accessKeyId: string; secretAccessKey: string } = LOCAL_CREDENTIALS,
): S3Client {
  return new S3Client({ endpoint, region: 'eu-west-1', credentials, maxAttempts: 1 })
}

async function bytes(s3: S3Client, Key: string): Promise<string> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key }))
  return (await Body?.transformToString()) ?? ''
}

describe('an object', () => {
  it('is put, read, described and deleted through the SDK', async () => {
    const Key = 'a prefix/ä+b (1)=&.pb'
    await client.send(
      new PutObjectCommand({
        Bucket: BUCKET,
        Key,
        Body: 'content',
        ContentType: 'application/x-test',
        Metadata: { kind: 'inputs' },
      }),
    )
    expect(await bytes(client, Key)).toBe('content')
    expect(await client.send(new HeadObjectCommand({ Bucket: BUCKET, Key }))).toMatchObject({
      ContentLength: 7,
      ContentType: 'application/x-test',
      Metadata: { kind: 'inputs' },
      ETag: `"${createHash('md5').update('content').digest('hex')}"`,
    })
    await client.send(new DeleteObjectCommand({ Bucket: BUCKET, Key }))
    await expect(bytes(client, Key)).rejects.toMatchObject({ name: 'NoSuchKey' })
  })

  it('may be a stream of known length', async () => {
    const Body = Readable.from([Buffer.from('one '), Buffer.from('two')])
    await client.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'stream', Body, ContentLength: 7 }))
    expect(await bytes(client, 'stream')).toBe('one two')
  })

  it('is written once where that is asked for', async () => {
    const put = () =>
      client.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'once', Body: 'x', IfNoneMatch: '*' }))
    await put()
    await expect(put()).rejects.toMatchObject({ name: 'PreconditionFailed' })
  })

  it('is kept in a folder over a restart', async () => {
    const first = await startS3({ buckets: [BUCKET], directory, access: ownerOnly })
    await clientOf(first).send(new PutObjectCommand({ Bucket: BUCKET, Key: '../../escape', Body: 'kept' }))
    await first.close()
    const second = await startS3({ buckets: [BUCKET], directory, access: ownerOnly })
    expect(await bytes(clientOf(second), '../../escape')).toBe('kept')
    await second.close()
  })
})

describe('S3 refuses', () => {
  it('another secret key, another access key, and no signature', async () => {
    const wrongSecret = clientOf(server, { ...LOCAL_CREDENTIALS, secretAccessKey: 'other' })
    await expect(bytes(wrongSecret, 'x')).rejects.toMatchObject({ name: 'SignatureDoesNotMatch' })
    const wrongKey = clientOf(server, { ...LOCAL_CREDENTIALS, accessKeyId: 'AKIAOTHER' })
    await expect(bytes(wrongKey, 'x')).rejects.toMatchObject({ name: 'InvalidAccessKeyId' })
    expect((await fetch(`${server.endpoint}/${BUCKET}/x`)).status).toBe(403)
  })

  it('a bucket that is not there, and operations it does not have', async () => {
    await expect(client.send(new GetObjectCommand({ Bucket: 'other', Key: 'x' }))).rejects.toMatchObject({
      name: 'NoSuchBucket',
    })
    await expect(client.send(new ListObjectsV2Command({ Bucket: BUCKET }))).rejects.toMatchObject({
      name: 'NotImplemented',
    })
  })

  it('a clock that is far off', async () => {
    const late = await startS3({
      buckets: [BUCKET],
      directory: null,
      access: ownerOnly,
      now: () => Date.now() + 3_600_000,
    })
    await expect(bytes(clientOf(late), 'x')).rejects.toBeDefined()
    await late.close()
  })
})

describe('a presigned URL', () => {
  const put = (changes: Partial<Parameters<typeof presign>[0]> = {}) =>
    presign({
      endpoint: server.endpoint,
      method: 'PUT',
      path: `/${BUCKET}/uploaded`,
      headers: { 'content-type': 'text/plain' },
      expiresInSeconds: 60,
      ...changes,
    })

  it('uploads and downloads', async () => {
    const uploaded = await fetch(put(), {
      method: 'PUT',
      body: 'by url',
      headers: { 'content-type': 'text/plain' },
    })
    expect(uploaded.status).toBe(200)
    const downloaded = await fetch(put({ method: 'GET', headers: {} }))
    expect(await downloaded.text()).toBe('by url')
  })

  const refusals: [string, () => string, RequestInit][] = [
    ['with a changed path', () => put().replace('/uploaded', '/other'), {}],
    ['with a changed signature', () => put().replace(/Signature=..../, 'Signature=0000'), {}],
    ['with a longer life', () => put().replace('Expires=60', 'Expires=6000'), {}],
    ['that has expired', () => put({ signedAtMs: Date.now() - 61_000 }), {}],
    ['for another method', () => put({ method: 'GET' }), {}],
    ['with another content type', () => put(), { headers: { 'content-type': 'text/html' } }],
    ['without its content type', () => put(), { headers: {}, body: new Uint8Array([1]) }],
  ]
  for (const [what, url, init] of refusals) {
    it(`is refused ${what}`, async () => {
      const response = await fetch(url(), {
        method: 'PUT',
        body: 'x',
        headers: { 'content-type': 'text/plain' },
        ...init,
      })
      expect(response.status).toBe(403)
    })
  }

  it('is refused for a body that is not the one its digest is of', async () => {
    const md5 = createHash('md5').update('x').digest('base64')
    const url = put({ headers: { 'content-md5': md5 } })
    const send = (body: string) => fetch(url, { method: 'PUT', body, headers: { 'content-md5': md5 } })
    expect((await send('y')).status).toBe(400)
    expect((await send('x')).status).toBe(200)
  })
})
