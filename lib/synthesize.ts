/** Settings in, CloudFormation template out, in this process: what `cdk synth` does, without its command line. */
import { join } from 'node:path'
import { App, Validations } from 'aws-cdk-lib'
import { Code } from 'aws-cdk-lib/aws-lambda'
import type { CloudAssembly } from 'aws-cdk-lib/cx-api'
import { AwsSolutionsChecks } from 'cdk-nag'
import type { BundleName, Bundles } from './bundling.ts'
import { bundleFunctions } from './bundling.ts'
import { FlyteStack } from './flyte-stack.ts'
import { jobsOf } from './jobs.ts'
import { deployedFunctions } from './listener-rules.ts'
import { routesOfDeployment } from './settings/resolve.ts'
import type { Settings } from './settings/settings.ts'

/** Behaviour of the CDK that is chosen here, and so is the same for `cdk synth`, the local stack and the tests. */
const CONTEXT = {
  '@aws-cdk/core:checkSecretUsage': true,
  '@aws-cdk/aws-iam:minimizePolicies': true,
  '@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy': true,
  '@aws-cdk/aws-lambda:recognizeLayerVersion': true,
  '@aws-cdk/core:enablePartitionLiterals': true,
}

/** Findings of AWS's own schemas stop the synthesis like any other, instead of being warnings. */
const STRICT = {
  '@aws-cdk/core:validateAgainstDefaultRules': true,
  '@aws-cdk/core:strictCfnValidateErrors': true,
}

export interface FlyteAppOptions {
  readonly settings: Settings
  readonly codeFor: (name: BundleName) => Code
  /** Where the cloud assembly goes. Default: where the CDK's command line wants it. */
  readonly outdir?: string
  /** Whether to check the template against AWS's schemas and cdk-nag's AwsSolutions rules. Default true. */
  readonly checks?: boolean
}

/** The app with its one stack; `synth()` throws when a check finds something. */
export function createApp({ settings, codeFor, outdir, checks = true }: FlyteAppOptions): {
  app: App
  stack: FlyteStack
} {
  const context = { ...CONTEXT, ...(checks ? STRICT : {}) }
  const output = outdir === undefined ? {} : { outdir }
  const app = new App({ context, builtinCloudFormationValidation: checks, ...output })
  if (checks) Validations.of(app).addPlugins(new AwsSolutionsChecks(app))
  return { app, stack: new FlyteStack(app, 'Flyte', { settings, codeFor }) }
}

/** The functions that a deployment with these settings has. */
export function functionsOf(settings: Settings): BundleName[] {
  const { enabled: internal } = settings.internal
  return [...deployedFunctions(routesOfDeployment(settings), { internal }), ...jobsOf(settings)]
}

export interface SynthesizeOptions {
  /** Gets the cloud assembly, and the bundles unless they are given. */
  readonly outdir: string
  /** Bundles that were made before. Default: made now, below `outdir`. */
  readonly bundles?: Bundles
  /** Default false: the checks are about what is deployed, and they take time. */
  readonly checks?: boolean
}

/** A function of the template and the folder with its code. */
export interface SynthesizedFunction {
  readonly name: BundleName
  /** The logical id of its AWS::Lambda::Function. */
  readonly logicalId: string
  readonly codeDirectory: string
}

export interface Synthesized {
  readonly stackName: string
  readonly region: string
  /** The template as parsed JSON, references and all. */
  readonly template: Readonly<Record<string, unknown>>
  readonly functions: readonly SynthesizedFunction[]
}

/** Bundles the functions if need be, and synthesizes the stack. Needs no credentials and no network. */
export async function synthesize(settings: Settings, options: SynthesizeOptions): Promise<Synthesized> {
  const names = functionsOf(settings)
  const outdir = join(options.outdir, 'functions')
  const bundles = options.bundles ?? (await bundleFunctions({ names, outdir }))
  const { app, stack } = createApp({
    settings,
    codeFor: (name) => Code.fromAsset(bundles.directoryOf(name)),
    outdir: join(options.outdir, 'cdk.out'),
    checks: options.checks ?? false,
  })
  const assembly: CloudAssembly = app.synth()
  return {
    stackName: stack.stackName,
    region: settings.aws.region,
    template: assembly.getStackArtifact(stack.artifactId).template,
    functions: names.map((name) => ({
      name,
      logicalId: stack.functions.get(name).logicalId,
      codeDirectory: bundles.directoryOf(name),
    })),
  }
}
