/** The request that is measured: CreateRun as the Flyte SDK sends it, without its gzip. */
import { create, toBinary } from '@bufbuild/protobuf'
import { CreateRunRequestSchema } from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
import type { ALBEvent } from 'aws-lambda'
import type { Access } from '../../functions/shared/routes.ts'
import { albData, bearerToken } from './credentials.ts'

const TASK_ARGS =
  'a0 --inputs {{.input}} --outputs-path {{.outputPrefix}} --version 9f86d081884c7d65 --raw-data-path {{.rawOutputDataPrefix}} --checkpoint-path {{.checkpointOutputPrefix}} --prev-checkpoint {{.prevCheckpointPrefix}} --run-name {{.runName}} --name {{.actionName}} --run-start-time {{.runStartTime}} --tgz s3://bucket/flytesnacks/development/fast.tar.gz --dest . --resolver flyte._internal.resolvers.default.DefaultTaskResolver mod hello instance main'

export const createRunBytes = toBinary(
  CreateRunRequestSchema,
  create(CreateRunRequestSchema, {
    id: {
      case: 'projectId',
      value: { organization: 'example', domain: 'development', name: 'flytesnacks' },
    },
    task: {
      case: 'taskSpec',
      value: {
        taskTemplate: {
          id: {
            resourceType: 1,
            project: 'flytesnacks',
            domain: 'development',
            name: 'hello.main',
            version: '9f86d081',
          },
          type: 'python',
          metadata: { retries: { retries: 3 }, discoverable: false },
          target: {
            case: 'container',
            value: {
              image: 'ghcr.io/example/hello:9f86d081',
              args: TASK_ARGS.split(' '),
              env: [
                { key: 'LOG_LEVEL', value: '30' },
                { key: 'LOG_FORMAT', value: 'console' },
              ],
            },
          },
        },
        environment: { name: 'hello' },
        shortName: 'main',
      },
    },
    inputWrapper: {
      case: 'offloadedInputData',
      value: { uri: 's3://bucket/flytesnacks/development/offloaded-inputs/abc', inputsHash: 'q0ZmdWJhcg' },
    },
    runSpec: {
      envs: { values: [{ key: 'LOG_LEVEL', value: '30' }] },
      labels: { values: { team: 'vision' } },
    },
  }),
)

const SDK_HEADERS = {
  host: ['flyte.example.com'],
  accept: ['*/*'],
  'accept-encoding': ['gzip,identity'],
  'connect-protocol-version': ['1'],
  'content-type': ['application/proto'],
  'user-agent': ['connectrpc/0.10.0'],
  'x-amzn-trace-id': ['Root=1-67fedcba-0123456789abcdef01234567'],
  'x-forwarded-for': ['203.0.113.7'],
  'x-forwarded-port': ['443'],
  'x-forwarded-proto': ['https'],
}

/** An event of a call with one of the two credentials. */
export function rpcEvent(options: {
  readonly path: string
  readonly body: Uint8Array
  readonly credential: 'oidc' | 'bearer' | 'none'
  readonly requestId: string
  /** Default {@link bearerToken}. */
  readonly token?: string
}): ALBEvent {
  const access: Access = options.credential === 'oidc' ? 'oidc' : 'open'
  return {
    requestContext: {
      elb: {
        targetGroupArn: `arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/flyte-runs-${access}/0123456789abcdef`,
      },
    },
    httpMethod: 'POST',
    path: options.path,
    multiValueQueryStringParameters: {},
    multiValueHeaders: {
      ...SDK_HEADERS,
      'x-request-id': [options.requestId],
      ...(options.credential === 'oidc'
        ? { 'x-amzn-oidc-data': [albData], 'x-amzn-oidc-identity': ['00u1ada'] }
        : {}),
      ...(options.credential === 'bearer'
        ? { authorization: [`Bearer ${options.token ?? bearerToken}`] }
        : {}),
    },
    body: Buffer.from(options.body).toString('base64'),
    isBase64Encoded: true,
  }
}

/** An event of a page that a browser asks for. */
export function browserEvent(path: string, requestId: string, cookie: readonly string[] = []): ALBEvent {
  return {
    requestContext: {
      elb: {
        targetGroupArn:
          'arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/flyte-login-open/0123456789abcdef',
      },
    },
    httpMethod: 'GET',
    path,
    multiValueQueryStringParameters: {},
    multiValueHeaders: {
      host: ['flyte.example.com'],
      accept: ['text/html'],
      'sec-fetch-site': ['none'],
      'x-forwarded-proto': ['https'],
      'x-request-id': [requestId],
      ...(cookie.length === 0 ? {} : { cookie: [...cookie] }),
    },
    body: '',
    isBase64Encoded: false,
  }
}

/** An event of a form that a program sends. */
export function formEvent(
  path: string,
  form: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): ALBEvent {
  const page = browserEvent(path, 'form')
  const sent = Object.entries(headers).map(([name, value]) => [name, [value]])
  return {
    ...page,
    httpMethod: 'POST',
    multiValueHeaders: {
      host: ['flyte.example.com'],
      'content-type': ['application/x-www-form-urlencoded'],
      'x-forwarded-for': ['203.0.113.7'],
      'x-forwarded-proto': ['https'],
      ...Object.fromEntries(sent),
    },
    body: Buffer.from(new URLSearchParams(form).toString()).toString('base64'),
    isBase64Encoded: true,
  }
}

export const CREATE_RUN_PATH = '/flyteidl2.workflow.RunService/CreateRun'
export const LIST_RUNS_PATH = '/flyteidl2.workflow.RunService/ListRuns'
