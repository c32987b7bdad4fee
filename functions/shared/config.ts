/**
 * The configuration of a running function: what the stack put into its environment, validated once at
 * cold start. The only file that reads `process.env`.
 *
 * `FLYTE_SETTINGS` is one JSON document: the part of `flyte.yaml` a function may need, with every default
 * already filled in by the stack, in the key names of `flyte.yaml`. The rest are names of resources.
 * Nothing in the environment is a secret: secrets are read from Secrets Manager by name.
 */
import * as z from 'zod/mini'

const nonEmpty = z.string().check(z.minLength(1))
const url = z.string().check(z.refine((value) => URL.canParse(value), { error: 'not a URL' }))

const startsPlain = (uris: readonly string[]) => uris[0]?.includes('*') !== true

/** An issuer whose bearer tokens are accepted, and how its tokens are checked. No check is ever implied off. */
const trustedIssuer = z.strictObject({
  /** Compared to the `iss` claim, character by character. */
  issuer: url,
  /** The key set; null means: take `jwks_uri` from the issuer's discovery document. */
  jwksUri: z.nullable(url),
  /** The signature algorithms accepted from this issuer; the token's header only chooses among them. */
  algorithms: z
    .array(z.enum(['RS256', 'RS384', 'RS512', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA']))
    .check(z.minLength(1)),
  /** At least one of these has to be in the token's audience. */
  audiences: z.array(nonEmpty).check(z.minLength(1)),
  /** Where the audience is read: `aud`, or `client_id` for issuers that leave `aud` out (Cognito). */
  audienceClaim: z.enum(['aud', 'client_id']),
  /** Its access tokens cannot be told from its ID tokens (Dex): both are accepted. Left out: access tokens only. */
  acceptIdTokens: z.optional(z.literal(true)),
})

/** The identity-aware proxy in front of this deployment, whose tokens name a caller that nothing else names. */
const proxyAuthSettings = z.strictObject({
  /** The request header that its token is in, in lower case. */
  header: nonEmpty,
  /** Beside those of bearer tokens: here ID tokens are accepted as well, and there these issuers count for nothing. */
  issuers: z.array(trustedIssuer).check(z.minLength(1)),
})

/** How this deployment signs people in itself, and where the secrets for it are. */
const sessionSettings = z.strictObject({
  /** Where people go who wanted nothing in particular (`auth.userAuth.redirectUrl`). */
  landingPath: nonEmpty,
  /** A query parameter of the sign-in that is passed on to the provider (`auth.userAuth.idpQueryParameter`). */
  idpQueryParameter: z.nullable(nonEmpty),
  /** `auth.userAuth.cookieSetting`; null sends no attribute. */
  cookie: z.strictObject({
    sameSite: z.nullable(z.enum(['Lax', 'Strict', 'None'])),
    domain: z.nullable(nonEmpty),
  }),
  /** Without a request for this long, a session is over. */
  idleSeconds: z.int().check(z.minimum(60)),
  /** This long after signing in, a session is over in any case. At most 30 days, as long as Flyte's cookies last. */
  absoluteSeconds: z.int().check(z.minimum(60), z.maximum(30 * 86_400)),
  /** The secret with the client's secret, and its key in there if that is JSON; null for a public client. */
  clientSecret: z.nullable(z.strictObject({ name: nonEmpty, key: z.nullable(nonEmpty) })),
  /** One secret with both cookie keys as JSON, or one with the hash key and one with the block key. */
  cookieKeyNames: z.array(nonEmpty).check(z.minLength(1), z.maxLength(2)),
})

const settingsSchema = z.strictObject({
  /** The public URLs; the first is the canonical one. A host may start with `*.` for one level. */
  authorizedUris: z
    .array(url)
    .check(z.minLength(1), z.refine(startsPlain, { error: 'the first one must have no wildcard' })),
  auth: z.strictObject({
    userAuth: z.strictObject({
      openId: z.strictObject({ baseUrl: url, clientId: nonEmpty, scopes: z.array(nonEmpty) }),
    }),
    appAuth: z.strictObject({
      authServerType: z.enum(['Self', 'External']),
      externalAuthServer: z.strictObject({
        baseUrl: url,
        metadataUrl: nonEmpty,
        retryAttempts: z.int().check(z.minimum(1), z.maximum(20)),
        retryDelayMs: z.int().check(z.minimum(0), z.maximum(60_000)),
        httpProxyUrl: z.nullable(url),
      }),
      selfAuthServer: z.strictObject({ issuer: url, scopes: z.array(nonEmpty) }),
      thirdPartyConfig: z.strictObject({
        flyteClient: z.strictObject({
          clientId: nonEmpty,
          redirectUri: url,
          scopes: z.array(nonEmpty),
          audience: z.string(),
          authorizationMetadataKey: nonEmpty,
        }),
      }),
    }),
    tokenEndpointProxyConfig: z.strictObject({
      enabled: z.boolean(),
      /** The public URL that the rewritten token endpoint is on. */
      publicUrl: url,
      /** Starts with `/`, does not end with one. */
      pathPrefix: nonEmpty,
    }),
    /** Outbound HTTP proxy towards the identity provider, or null. */
    httpProxyUrl: z.nullable(url),
    trustedIssuers: z.array(trustedIssuer).check(z.minLength(1)),
    /** Left out where no identity-aware proxy is in front: then its header is not even read. */
    proxyAuth: z.optional(proxyAuthSettings),
  }),
  runs: z.strictObject({
    trustForwardedIdentityHeaders: z.boolean(),
    userinfoSubject: z.enum(['match', 'adopt']),
    /** For example `s3://bucket/prefix`, without a trailing slash. */
    storagePrefix: nonEmpty,
    seedProjects: z.array(nonEmpty),
    domains: z.array(nonEmpty).check(z.minLength(1)),
    /** Starts the names of projects' secrets in Secrets Manager; without a slash at the end. */
    secretPrefix: nonEmpty,
    /** Where the logs of tasks are in CloudWatch Logs; null where this deployment reads none. */
    logs: z.nullable(z.strictObject({ group: nonEmpty, stream: nonEmpty })),
  }),
  /** What the load balancer signs `x-amzn-oidc-data` with: compared to the header of each such token. */
  loadBalancer: z.strictObject({
    arn: nonEmpty,
    region: nonEmpty,
    /** The issuer and the client of its authenticate-oidc actions. */
    issuer: url,
    clientId: nonEmpty,
    /** Its session cookie is in pieces, named by this with `-0` to `-3` at the end. */
    sessionCookieName: nonEmpty,
    /** How long its session lasts after a sign-in. */
    sessionTimeoutSeconds: z.int().check(z.minimum(1)),
  }),
  /** Left out where the load balancer signs people in: then no cookie is ever read. */
  session: z.optional(sessionSettings),
})

/** The settings that functions share, as the stack serialised them. */
export type FunctionSettings = z.infer<typeof settingsSchema>
export type TrustedIssuer = z.infer<typeof trustedIssuer>
export type ProxyAuthSettings = z.infer<typeof proxyAuthSettings>
export type SignInSettings = z.infer<typeof sessionSettings>

const environmentSchema = z.object({
  FLYTE_SETTINGS: nonEmpty,
  RUNS_TABLE: z.optional(nonEmpty),
  AUTH_TABLE: z.optional(nonEmpty),
  AUTHORIZATION_SERVER: z.optional(nonEmpty),
  TRIGGER_SCHEDULES: z.optional(nonEmpty),
  POWERTOOLS_TRACE_ENABLED: z.optional(z.string()),
})

/** The configuration of one function. Table names are undefined where the function has no access to a table. */
export interface Config {
  readonly settings: FunctionSettings
  /** The canonical public URL: the first authorizedUri, without a trailing slash. */
  readonly publicUrl: string
  readonly runsTable: string | undefined
  readonly authTable: string | undefined
  /** What only the authorization server is told, as it was told; undefined in every other function. */
  readonly authorizationServer: string | undefined
  /** What only the function that fires triggers is told, as it was told. */
  readonly triggerSchedules: string | undefined
  /** Whether calls are traced with X-Ray. */
  readonly tracing: boolean
}

/** Who this function is to AWS. */
export interface AwsCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string | undefined
}

/** Where AWS is, and who this function is to it: what Lambda puts into the environment. */
export interface AwsEnvironment {
  readonly region: string
  readonly credentials: AwsCredentials
  /** Where a service is; undefined for the region's own endpoint. */
  readonly secretsManagerUrl: string | undefined
  readonly kmsUrl: string | undefined
  readonly schedulerUrl: string | undefined
  readonly logsUrl: string | undefined
}

const awsSchema = z.object({
  AWS_REGION: nonEmpty,
  AWS_ACCESS_KEY_ID: nonEmpty,
  AWS_SECRET_ACCESS_KEY: nonEmpty,
  AWS_SESSION_TOKEN: z.optional(nonEmpty),
  AWS_ENDPOINT_URL_SECRETS_MANAGER: z.optional(url),
  AWS_ENDPOINT_URL_KMS: z.optional(url),
  AWS_ENDPOINT_URL_SCHEDULER: z.optional(url),
  AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: z.optional(url),
})

/** Reads what Lambda says about AWS, in the variables of the SDKs. @throws {ConfigError} */
export function readAwsEnvironment(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): AwsEnvironment {
  const { success, data, error } = awsSchema.safeParse(environment)
  if (!success) throw new ConfigError(problemsOf(error, ''))
  return {
    region: data.AWS_REGION,
    credentials: {
      accessKeyId: data.AWS_ACCESS_KEY_ID,
      secretAccessKey: data.AWS_SECRET_ACCESS_KEY,
      sessionToken: data.AWS_SESSION_TOKEN,
    },
    secretsManagerUrl: data.AWS_ENDPOINT_URL_SECRETS_MANAGER,
    kmsUrl: data.AWS_ENDPOINT_URL_KMS,
    schedulerUrl: data.AWS_ENDPOINT_URL_SCHEDULER,
    logsUrl: data.AWS_ENDPOINT_URL_CLOUDWATCH_LOGS,
  }
}

/** The configuration is missing or contradictory; `problems` lists everything that is wrong with it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  constructor(readonly problems: readonly string[]) {
    super(`This function is not configured:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`)
  }
}

/**
 * Reads and validates the environment.
 *
 * @throws {ConfigError} with every problem listed by name; never with a value.
 */
export function readConfig(environment: Readonly<Record<string, string | undefined>> = process.env): Config {
  const outer = environmentSchema.safeParse(environment)
  const settings = settingsSchema.safeParse(parseJson(environment.FLYTE_SETTINGS ?? ''))
  if (!outer.success || !settings.success) {
    const settingsProblems = environment.FLYTE_SETTINGS ? problemsOf(settings.error, 'FLYTE_SETTINGS') : []
    throw new ConfigError([...problemsOf(outer.error, ''), ...settingsProblems])
  }
  return {
    settings: settings.data,
    publicUrl: (settings.data.authorizedUris[0] as string).replace(/\/+$/, ''),
    runsTable: outer.data.RUNS_TABLE,
    authTable: outer.data.AUTH_TABLE,
    authorizationServer: outer.data.AUTHORIZATION_SERVER,
    triggerSchedules: outer.data.TRIGGER_SCHEDULES,
    tracing: outer.data.POWERTOOLS_TRACE_ENABLED === 'true',
  }
}

/**
 * Reads a JSON document of a function's own out of its environment.
 *
 * @throws {ConfigError} with every problem listed by name; never with a value.
 */
export function parseSetting<T>(schema: z.ZodMiniType<T>, text: string | undefined, name: string): T {
  const parsed = schema.safeParse(parseJson(requireSetting(text, name)))
  if (!parsed.success) throw new ConfigError(problemsOf(parsed.error, name))
  return parsed.data
}

/** Names a setting that this function cannot do without. */
export function requireSetting<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new ConfigError([`${name}: missing`])
  return value
}

/** The value of a JSON text, or undefined: the schema then says that there is none. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function problemsOf(error: z.core.$ZodError | undefined, prefix: string): string[] {
  return (error?.issues ?? []).map((issue) => {
    const name = [prefix, ...issue.path].filter((part) => part !== '').join('.')
    return `${name}: ${complaintOf(issue)}`
  })
}

/** What is wrong, in words without the value. Names of unknown keys are told: a misspelt one is easy to find. */
function complaintOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'custom':
      return issue.message
    case 'unrecognized_keys':
      return `unknown ${issue.keys.join(', ')}`
    case 'invalid_type':
      return `missing, or not ${issue.expected}`
    default:
      return issue.code.replaceAll('_', ' ')
  }
}
