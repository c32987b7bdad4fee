/** The other side of the stack: an RPC client as the SDK's, and people who sign in with a browser. */
import { create, type DescService } from '@bufbuild/protobuf'
import { type Client, createClient, type Interceptor } from '@connectrpc/connect'
import { compressionGzip, createConnectTransport } from '@connectrpc/connect-node'
import { ProjectIdentifierSchema } from '@flyteorg/flyteidl2/flyteidl2/common/identifier_pb.ts'
import type { EnrichedIdentity } from '@flyteorg/flyteidl2/flyteidl2/common/identity_pb.ts'
import { ContainerSchema, TaskTemplateSchema } from '@flyteorg/flyteidl2/flyteidl2/core/tasks_pb.ts'
import { TaskSpecSchema } from '@flyteorg/flyteidl2/flyteidl2/task/task_definition_pb.ts'
import {
  type CreateRunRequest,
  CreateRunRequestSchema,
} from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
import type { Stack } from '../../../local/stack.ts'
import { requestToken } from '../../../local/token.ts'
import { type Browser, createBrowser, type Page } from '../../support/web-browser.ts'

export type Headers = Readonly<Record<string, string>>

/** Calls a service as the SDK does: binary messages, every request compressed. */
export function client<S extends DescService>(stack: Stack, service: S, headers: Headers = {}): Client<S> {
  const addHeaders: Interceptor = (next) => (request) => {
    for (const [name, value] of Object.entries(headers)) request.header.set(name, value)
    return next(request)
  }
  const transport = createConnectTransport({
    baseUrl: stack.url,
    httpVersion: '1.1',
    useBinaryFormat: true,
    sendCompression: compressionGzip,
    compressMinBytes: 0,
    interceptors: [addHeaders],
  })
  return createClient(service, transport)
}

/** The bearer header of a person, or of a service. */
export async function bearer(stack: Stack, who: { person: string } | { client: string }): Promise<Headers> {
  const [person, service] = 'person' in who ? [who.person, undefined] : [undefined, who.client]
  const token = await requestToken({ help: false, port: stack.port, person, client: service })
  return { authorization: `Bearer ${token}` }
}

export const PROJECT = create(ProjectIdentifierSchema, { name: 'flytesnacks', domain: 'development' })

/** A small run of one container. */
export function sampleRun(): CreateRunRequest {
  return create(CreateRunRequestSchema, {
    id: { case: 'projectId', value: PROJECT },
    task: {
      case: 'taskSpec',
      value: create(TaskSpecSchema, {
        taskTemplate: create(TaskTemplateSchema, {
          id: { resourceType: 1, project: PROJECT.name, domain: PROJECT.domain, name: 'hello', version: '1' },
          type: 'container',
          target: {
            case: 'container',
            value: create(ContainerSchema, { image: 'busybox:stable', args: ['a0'] }),
          },
        }),
      }),
    },
    inputWrapper: { case: 'inputs', value: { literals: [] } },
  })
}

/** Who a run says made it, in a form that reads well in a test. */
export function describeMaker(identity: EnrichedIdentity | undefined): Record<string, string | undefined> {
  const principal = identity?.principal
  if (principal?.case === 'user') {
    const { id, spec } = principal.value
    const { firstName, lastName, email } = spec ?? {}
    return { kind: 'user', subject: id?.subject, firstName, lastName, email }
  }
  if (principal?.case !== 'application') return { kind: undefined }
  return { kind: 'application', subject: principal.value.id?.subject, name: principal.value.spec?.name }
}

/** Opens the console and signs in on the way. */
export async function signIn(stack: Stack, person: string): Promise<{ browser: Browser; page: Page }> {
  const browser = createBrowser()
  const question = await browser.open(`${stack.url}/v2`)
  const page = await browser.open(question.url.href, new URLSearchParams({ person }))
  return { browser, page }
}
