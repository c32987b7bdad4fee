/** `cdk synth`, `cdk deploy`: reads flyte.yaml, bundles the functions and describes the stack. */
import { App } from 'aws-cdk-lib'
import { Code } from 'aws-cdk-lib/aws-lambda'
import { BundleError, bundleFunctions } from '../lib/bundling.ts'
import { SettingsError } from '../lib/settings/problems.ts'
import { readSettings } from '../lib/settings/settings.ts'
import { createApp, functionsOf } from '../lib/synthesize.ts'

/** `-c settings=FILE`, or FLYTE_YAML, or flyte.yaml in the working directory. */
function settingsPath(): string {
  // An app of its own for its context alone; it must not write an empty assembly when the process ends.
  const fromContext: unknown = new App({ autoSynth: false }).node.tryGetContext('settings')
  return typeof fromContext === 'string' ? fromContext : (process.env.FLYTE_YAML ?? 'flyte.yaml')
}

try {
  const settings = readSettings(settingsPath())
  const bundles = await bundleFunctions({ names: functionsOf(settings) })
  createApp({ settings, codeFor: (name) => Code.fromAsset(bundles.directoryOf(name)) }).app.synth()
} catch (error) {
  if (!(error instanceof SettingsError || error instanceof BundleError)) throw error
  console.error(error.message)
  process.exitCode = 1
}
