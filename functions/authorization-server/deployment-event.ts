/**
 * A run that a deployment asked for. CloudFormation waits for an answer at an address that comes with its event, and
 * takes silence for a failure after a while (the request and response objects of a custom resource).
 */
import * as z from 'zod/mini'
import type { FetchedDocument, FetchOptions } from '../shared/http/fetch-document.ts'

const text = z.string().check(z.minLength(1))

const schema = z.object({
  RequestType: z.enum(['Create', 'Update', 'Delete']),
  /** Signed for one answer, and to be told to nobody. */
  ResponseURL: text,
  StackId: text,
  RequestId: text,
  LogicalResourceId: text,
  PhysicalResourceId: z.optional(text),
})

/** What of CloudFormation's event is needed to answer it. */
export type DeploymentEvent = z.infer<typeof schema>

/** Reads the event; undefined for one that is not from CloudFormation, such as a schedule's. */
export function parseDeploymentEvent(event: unknown): DeploymentEvent | undefined {
  return schema.safeParse(event).data
}

type Send = (url: string, options: FetchOptions) => Promise<FetchedDocument>

/** What is said of a failure: the reason stays in the log, because whoever sees the stack sees this. */
const FAILED = { Status: 'FAILED', Reason: 'The run failed; the log of the function says why.' } as const

/**
 * Runs the work for a deployment and tells CloudFormation how it ended. A resource that is being deleted needs no work.
 *
 * @throws whatever the work throws, after the deployment was told; and if the answer cannot be delivered.
 */
export async function answerDeployment(
  event: DeploymentEvent,
  { work, send }: { readonly work: () => Promise<void>; readonly send: Send },
): Promise<void> {
  try {
    if (event.RequestType !== 'Delete') await work()
  } catch (error) {
    await deliver(event, FAILED, send)
    throw error
  }
  await deliver(event, { Status: 'SUCCESS' }, send)
}

async function deliver(event: DeploymentEvent, outcome: object, send: Send): Promise<void> {
  const { StackId, RequestId, LogicalResourceId, PhysicalResourceId = LogicalResourceId } = event
  const body = JSON.stringify({ ...outcome, StackId, RequestId, LogicalResourceId, PhysicalResourceId })
  // The address is signed for a request without a content type.
  const { status } = await send(event.ResponseURL, { method: 'PUT', isRepeatable: true, body })
  if (status >= 300) throw new TypeError(`CloudFormation's address answered ${status}`)
}
