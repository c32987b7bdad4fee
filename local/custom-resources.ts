/**
 * The custom resources of a template: what a deployment has one of its functions do. The function is handed
 * CloudFormation's event, and answers at the address in it, as in AWS.
 */
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { Deployment } from './deployment.ts'
import type { FunctionFleet } from './function-fleet.ts'
import { readBody } from './http.ts'
import { closeServer, LOOPBACK, listen } from './listening.ts'
import { LOCAL_STACK_NAME } from './resource-names.ts'

/** A function did not do its part of the deployment. */
export class CustomResourceError extends Error {
  override readonly name = 'CustomResourceError'
  /** The id of the resource in the template. */
  readonly logicalId: string
  constructor(logicalId: string) {
    super('A custom resource of the template could not be made.')
    this.logicalId = logicalId
  }
}

/**
 * Makes every custom resource that a function of this deployment makes, in the order of the template.
 *
 * @throws {CustomResourceError} for a function that fails, or ends without an answer
 */
export async function makeCustomResources(options: {
  deployment: Deployment
  functions: FunctionFleet
}): Promise<void> {
  const { deployment, functions } = options
  for (const [logicalId, resource] of Object.entries(deployment.template.Resources ?? {})) {
    if (!/^(Custom::|AWS::CloudFormation::CustomResource$)/.test(resource.Type)) continue
    const { ServiceToken: functionRef, ...properties } = resource.Properties ?? {}
    const ResourceProperties = await deployment.resolver.resolve(properties)
    const event = { LogicalResourceId: logicalId, ResourceType: resource.Type, ResourceProperties }
    const status = await answerTo(event, (created) => functions.run(functionRef, created))
    if (status !== 'SUCCESS') throw new CustomResourceError(logicalId)
  }
}

/** Sends the event and reads what is put at its address; undefined if nothing is. */
async function answerTo(event: object, run: (event: object) => Promise<unknown>): Promise<unknown> {
  let status: unknown
  const path = `/${randomUUID()}`
  const server = createServer(async (request, response) => {
    const body = await readBody(request).catch(() => Buffer.alloc(0))
    const isAnswer = request.method === 'PUT' && request.url === path
    if (isAnswer) status = statusOf(body)
    response.writeHead(isAnswer ? 200 : 404).end()
  })
  const port = await listen(server, { port: 0 })
  try {
    await run({
      RequestType: 'Create',
      ResponseURL: `http://${LOOPBACK}:${port}${path}`,
      StackId: LOCAL_STACK_NAME,
      RequestId: randomUUID(),
      ...event,
    })
  } finally {
    await closeServer(server)
  }
  return status
}

function statusOf(body: Buffer): unknown {
  try {
    return (JSON.parse(body.toString('utf8')) as { Status?: unknown }).Status
  } catch {
    return undefined
  }
}
