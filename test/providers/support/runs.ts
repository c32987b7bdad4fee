/** Runs, made with a token and made in a browser, and who they say made them. */
import { fromJson } from '@bufbuild/protobuf'
import { EnrichedIdentitySchema } from '@flyteorg/flyteidl2/flyteidl2/common/identity_pb.ts'
import { RunService } from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
import type { Page } from 'playwright-core'
import type { Stack } from '../../../local/stack.ts'
import { client, describeMaker, sampleRun } from '../../end-to-end/support/clients.ts'

export type Maker = ReturnType<typeof describeMaker>

/** Makes a run with a bearer token, reads it back, and answers who it says made it. */
export async function makerWithToken(stack: Stack, token: string): Promise<Maker> {
  const runs = client(stack, RunService, { authorization: `Bearer ${token}` })
  const { run } = await runs.createRun(sampleRun())
  const { details } = await runs.getRunDetails({ runId: run?.action?.id?.run })
  return describeMaker(details?.action?.metadata?.executedBy)
}

const RUN = {
  projectId: { name: 'flytesnacks', domain: 'development' },
  taskSpec: {
    taskTemplate: {
      id: {
        resourceType: 'TASK',
        project: 'flytesnacks',
        domain: 'development',
        name: 'hello',
        version: 'v1',
      },
      type: 'python-task',
    },
  },
}

/** Makes a run from the page that is open, with its session, and answers who it says made it. */
export async function makerInBrowser(page: Page): Promise<Maker> {
  const [status, answer] = (await page.evaluate(`(async () => {
    const response = await fetch('/flyteidl2.workflow.RunService/CreateRun', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: ${JSON.stringify(JSON.stringify(RUN))},
    })
    return [response.status, await response.json()]
  })()`)) as [number, { run?: { action?: { metadata?: { executedBy?: unknown } } } }]
  if (status !== 200) throw new TypeError(`CreateRun answered ${status}: ${JSON.stringify(answer)}`)
  const { executedBy } = answer.run?.action?.metadata ?? {}
  return describeMaker(fromJson(EnrichedIdentitySchema, executedBy as never))
}
