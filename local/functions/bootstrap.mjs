/**
 * The runtime of a function process, as Lambda's own: it loads the handler, asks the Runtime API for the
 * next event, answers it, and asks again. Plain JavaScript, because it is what a process starts with and
 * stripping types would cost it as much as starting does.
 *
 * It speaks plain http with an agent of its own: fetch would load its implementation before the function
 * asks for it, and a measured cold start would no longer be the function's.
 */
import { existsSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const { AWS_LAMBDA_RUNTIME_API = '', LAMBDA_TASK_ROOT = '', _HANDLER = '' } = process.env
const BASE = `http://${AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime`
const agent = new Agent({ keepAlive: true, maxSockets: 1 })

/** @type {(method: string, path: string, body?: unknown) => Promise<{ headers: import('node:http').IncomingHttpHeaders, body: string }>} */
function call(method, path, body) {
  // Before the request is opened: a value that cannot be written must not leave one half sent.
  const text = body === undefined ? undefined : JSON.stringify(body)
  return new Promise((resolve, reject) => {
    const outgoing = request(`${BASE}${path}`, { method, agent }, (response) => {
      const chunks = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('end', () =>
        resolve({ headers: response.headers, body: Buffer.concat(chunks).toString('utf8') }),
      )
      response.on('error', reject)
    })
    outgoing.on('error', reject)
    outgoing.end(text)
  })
}

/** @param {unknown} thrown */
function describe(thrown) {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  return {
    errorType: error.name,
    errorMessage: error.message,
    stackTrace: (error.stack ?? '').split('\n').slice(1),
  }
}

async function loadHandler() {
  const dot = _HANDLER.lastIndexOf('.')
  const [module, name] = [_HANDLER.slice(0, dot), _HANDLER.slice(dot + 1)]
  const file = ['.mjs', '.js', '.cjs']
    .map((end) => join(LAMBDA_TASK_ROOT, module + end))
    .find((path) => existsSync(path))
  if (file === undefined) throw new Error(`There is no module ${module} in the bundle.`)
  const handler = (await import(pathToFileURL(file).href))[name]
  if (typeof handler !== 'function') throw new Error(`The module ${module} exports no function ${name}.`)
  return handler
}

/** @param {import('node:http').IncomingHttpHeaders} headers */
function contextOf(headers) {
  const deadlineMs = Number(headers['lambda-runtime-deadline-ms'])
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    awsRequestId: headers['lambda-runtime-aws-request-id'],
    getRemainingTimeInMillis: () => deadlineMs - Date.now(),
  }
}

const handler = await loadHandler().catch(async (error) => {
  console.error(error)
  await call('POST', '/init/error', describe(error))
  process.exit(1)
})

for (;;) {
  // The stack is gone when the call fails: there is nobody left to work for.
  const { headers, body } = await call('GET', '/invocation/next').catch(() => process.exit(0))
  const id = headers['lambda-runtime-aws-request-id']
  process.env._X_AMZN_TRACE_ID = String(headers['lambda-runtime-trace-id'] ?? '')
  try {
    await call(
      'POST',
      `/invocation/${id}/response`,
      (await handler(JSON.parse(body), contextOf(headers))) ?? null,
    )
  } catch (error) {
    console.error(error)
    await call('POST', `/invocation/${id}/error`, describe(error))
  }
}
