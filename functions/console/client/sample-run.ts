/** A run to try things out with: a container that says hello. */
import type { Place } from './place.ts'
import { callRpc, newRequestId } from './rpc.ts'
import type { Action, CreateRunResponse } from './wire.ts'

/** The id of a start that was not answered: another try is the same request, and makes no second run. */
let unanswered: { readonly place: string; readonly requestId: string } | undefined

/**
 * Starts a sample run and answers what the service recorded.
 *
 * @throws {RpcError}
 */
export async function startSampleRun({ project, domain }: Place): Promise<Action> {
  const place = `${project}/${domain}`
  if (unanswered?.place !== place) unanswered = { place, requestId: newRequestId() }
  const response = await callRpc<CreateRunResponse>(
    'flyteidl2.workflow.RunService/CreateRun',
    sampleRequest({ project, domain }),
    unanswered.requestId,
  )
  unanswered = undefined
  return response.run?.action ?? {}
}

/** The request: an inline task without inputs, whose container prints one line and ends. */
function sampleRequest({ project, domain }: Place): object {
  return {
    projectId: { name: project, domain },
    source: 'RUN_SOURCE_WEB',
    inputs: {},
    taskSpec: {
      shortName: 'hello',
      taskTemplate: {
        id: { resourceType: 'TASK', project, domain, name: 'samples.hello', version: '1' },
        type: 'container',
        metadata: { timeout: '60s' },
        interface: {},
        container: {
          image: 'public.ecr.aws/docker/library/busybox:stable',
          command: ['echo'],
          args: ['Hello from the console'],
        },
      },
    },
  }
}
