/** Somebody else's client against our handlers: connect-node over HTTP, and connect over events in process. */
import { Code, ConnectError, createClient, type Transport } from '@connectrpc/connect'
import { compressionGzip, createConnectTransport } from '@connectrpc/connect-node'
import { RunService } from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
import { afterAll, describe, expect, it } from 'vitest'
import { ServiceError } from '../../../../functions/shared/errors.ts'
import { serveThrough } from '../../../support/alb-event.ts'
import { transportThrough } from '../../../support/connect-through.ts'
import { runServiceFunction } from './fixture.ts'

const runId = { org: '', project: 'flytesnacks', domain: 'development', name: 'r1' }
const manyNames = Array.from({ length: 200 }, (_, i) => `run-${i}`)

const fixture = runServiceFunction(
  {
    getRunDetails: (request) => ({ details: { action: { id: { run: request.runId, name: 'a0' } } } }),
    listRuns: () => ({ runs: manyNames.map((name) => ({ action: { id: { run: { ...runId, name } } } })) }),
    abortRun: () => {
      throw new ServiceError('run_not_found')
    },
    async *watchRunDetails(request) {
      for (const name of ['a0', 'a1', 'a2'])
        yield { details: { action: { id: { run: request.runId, name } } } }
    },
    async *watchRuns() {
      yield { runs: manyNames.map((name) => ({ action: { id: { run: { ...runId, name } } } })) }
      throw new ServiceError('store_throttled')
    },
  },
  (_context, request) => {
    if (request.headers.authorization === undefined) throw new ServiceError('credentials_missing')
  },
)
const served = await serveThrough(fixture.handler)
afterAll(() => served.close())

const overHttp = (options: object): Transport =>
  createConnectTransport({ baseUrl: served.url, httpVersion: '1.1', ...options })
const gzipBoth = {
  sendCompression: compressionGzip,
  acceptCompression: [compressionGzip],
  compressMinBytes: 0,
}

const transports: [string, Transport][] = [
  ['protobuf', overHttp({ useBinaryFormat: true })],
  ['JSON', overHttp({ useBinaryFormat: false })],
  ['gzipped protobuf', overHttp({ useBinaryFormat: true, ...gzipBoth })],
  ['gzipped JSON', overHttp({ useBinaryFormat: false, ...gzipBoth })],
  ['protobuf without compression', overHttp({ useBinaryFormat: true, acceptCompression: [] })],
  ['protobuf in a GET', overHttp({ useBinaryFormat: true, useHttpGet: true })],
  ['JSON in a GET', overHttp({ useBinaryFormat: false, useHttpGet: true })],
  ['protobuf gzipped in a GET', overHttp({ useBinaryFormat: true, useHttpGet: true, ...gzipBoth })],
  ['protobuf, in process', transportThrough(fixture.handler)],
  ['JSON, in process', transportThrough(fixture.handler, { useBinaryFormat: false, multiValue: false })],
]
const signedIn = { headers: { authorization: 'Bearer x' } }

async function failureOf(call: Promise<unknown>): Promise<ConnectError> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(ConnectError)
  return error as ConnectError
}

for (const [name, transport] of transports) {
  const client = createClient(RunService, transport)

  describe(`a client that speaks ${name}`, () => {
    it('gets the answer of a unary call', async () => {
      const { details } = await client.getRunDetails({ runId }, signedIn)
      expect(details?.action?.id).toMatchObject({ name: 'a0', run: runId })
    })

    it('gets an answer that is large enough to be compressed', async () => {
      const { runs } = await client.listRuns({ scopeBy: { case: 'org', value: '' } }, signedIn)
      expect(runs.map((run) => run.action?.id?.run?.name)).toEqual(manyNames)
    })

    it('gets every message of a stream', async () => {
      const names: unknown[] = []
      for await (const { details } of client.watchRunDetails({ runId }, signedIn)) {
        names.push(details?.action?.id?.name)
      }
      expect(names).toEqual(['a0', 'a1', 'a2'])
    })

    it('gets what a stream had to say before it failed, and why it failed', async () => {
      const seen: number[] = []
      const stream = client.watchRuns({ target: { case: 'org', value: '' } }, signedIn)
      const read = async () => {
        for await (const { runs } of stream) seen.push(runs.length)
      }
      const error = await failureOf(read())
      expect(seen).toEqual([200])
      expect(error).toMatchObject({ code: Code.Unavailable, rawMessage: 'The database is busy. Try again.' })
    })

    it('gets the code and the sentence of a failed call', async () => {
      const error = await failureOf(client.abortRun({ runId }, signedIn))
      expect(error).toMatchObject({ code: Code.NotFound, rawMessage: 'There is no such run.' })
    })

    it('is told to sign in, with where to find out how', async () => {
      const error = await failureOf(client.getRunDetails({ runId }))
      expect(error.code).toBe(Code.Unauthenticated)
      expect(error.metadata.get('www-authenticate')).toContain('/.well-known/oauth-protected-resource')
    })

    it('is told to sign in on a stream as well', async () => {
      const read = async () => {
        for await (const _ of client.watchRunDetails({ runId })) throw new Error('nothing may be streamed')
      }
      const error = await failureOf(read())
      expect(error.code).toBe(Code.Unauthenticated)
      expect(error.metadata.get('www-authenticate')).toContain('/.well-known/oauth-protected-resource')
    })

    it('is told which field a rule refuses', async () => {
      const error = await failureOf(client.getRunDetails({ runId: { ...runId, name: '' } }, signedIn))
      expect(error).toMatchObject({
        code: Code.InvalidArgument,
        rawMessage: 'run_id.name must not be empty.',
      })
    })

    it('is told that a method is not implemented', async () => {
      expect(
        await failureOf(client.abortAction({ actionId: { run: runId, name: 'a0' } }, signedIn)),
      ).toMatchObject({ code: Code.Unimplemented })
    })

    it('is told that a stream is not implemented', async () => {
      const read = async () => {
        for await (const _ of client.watchActions({ runId }, signedIn))
          throw new Error('nothing may be streamed')
      }
      expect(await failureOf(read())).toMatchObject({ code: Code.Unimplemented })
    })
  })
}
