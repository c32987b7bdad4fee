/** Bundles the functions for Lambda: an ES module each with everything it needs to start, and files for what it loads later. */
import { existsSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BuildOptions, Metafile } from 'esbuild'
import { build } from 'esbuild'
import type { FunctionName } from '../functions/shared/routes.ts'
import { ROUTES } from '../functions/shared/routes.ts'
import { browserAssets } from './browser-assets.ts'
import type { JobName } from './jobs.ts'
import { JOBS } from './jobs.ts'
import { lambdaCredentials } from './lambda-credentials.ts'
import { lightDescriptors } from './light-descriptors.ts'
import { lightHeaders } from './light-headers.ts'
import { lightMimeTypes } from './light-mime-types.ts'
import { lightSignals } from './light-signals.ts'
import { deployedFunctions } from './listener-rules.ts'
import { builtinsWhenNeeded } from './node-builtins.ts'

const PROJECT = fileURLToPath(new URL('..', import.meta.url))

/** Where bundles go unless told otherwise; each function has a folder of its own in it. */
export const BUNDLES_DIRECTORY = join(PROJECT, 'dist', 'functions')

/** Some packages inside a bundle still call `require` for a module of Node's own; an ES module has to bring it. */
const REQUIRE_BANNER =
  "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);"

/** What is bundled and deployed: a function that a listener leads to, or one that runs by itself. */
export type BundleName = FunctionName | JobName

export interface BundleOptions {
  /** Default: the functions that the public listener can reach. */
  readonly names?: readonly BundleName[]
  /** The folder that has one folder a function, with `handler.ts` in it. Default `functions/`. */
  readonly source?: string
  /** Default {@link BUNDLES_DIRECTORY}. */
  readonly outdir?: string
}

export interface Bundles {
  /** The folder of a function's bundle: `index.mjs` and its source map, ready to be an asset. */
  readonly directoryOf: (name: BundleName) => string
  /** What is in every bundle, as esbuild describes it. Also written beside the bundles as `metafile.json`. */
  readonly metafile: Metafile
}

/** A function has no code to bundle, or its code does not build. The message says which, and where. */
export class BundleError extends Error {
  override readonly name = 'BundleError'
}

/**
 * Bundles functions side by side, minified, with the AWS SDK inside: loading the runtime's own copy
 * takes longer.
 *
 * @throws {BundleError} when a handler is missing or does not build.
 */
export async function bundleFunctions(options: BundleOptions = {}): Promise<Bundles> {
  const {
    names = deployedFunctions(ROUTES),
    source = join(PROJECT, 'functions'),
    outdir = BUNDLES_DIRECTORY,
  } = options
  const entries = names.map((name) => ({ name, handler: join(source, handlerOf(name)) }))
  const missing = entries.filter((entry) => !existsSync(entry.handler)).map((entry) => entry.handler)
  if (missing.length > 0) throw new BundleError(`There is no code to bundle at ${missing.join(', ')}`)
  const built = await Promise.all(
    entries.map(({ name, handler }) => runEsbuild({ name, handler, outdir: join(outdir, name) })),
  )
  const metafile: Metafile = {
    inputs: Object.assign({}, ...built.map((one) => one.inputs)),
    outputs: Object.assign({}, ...built.map((one) => one.outputs)),
  }
  await writeFile(join(outdir, 'metafile.json'), JSON.stringify(metafile))
  return { metafile, directoryOf: (name) => join(outdir, name) }
}

/** The file that a function starts with, below the folder of all functions. */
function handlerOf(name: BundleName): string {
  return Object.hasOwn(JOBS, name) ? JOBS[name as JobName] : `${name}/handler.ts`
}

/** The engine of the authorization server stores its models under the names of their classes. */
const KEEPS_CLASS_NAMES: ReadonlySet<string> = new Set(['authorization-server'])

interface Entry {
  readonly name: BundleName
  readonly handler: string
  readonly outdir: string
}

/** One function in a build of its own: what it loads later becomes files beside its entry, shared with nobody. */
async function runEsbuild({ name, handler, outdir }: Entry): Promise<Metafile> {
  // Files of an earlier build have other names, and everything in the folder is deployed.
  await rm(outdir, { recursive: true, force: true })
  try {
    const { metafile } = await build({
      absWorkingDir: PROJECT,
      ...HOW_TO_BUILD,
      entryPoints: [{ in: handler, out: 'index' }],
      outdir,
      splitting: true,
      minify: true,
      keepNames: KEEPS_CLASS_NAMES.has(name),
      sourcemap: 'linked',
      sourcesContent: false,
      metafile: true,
      logLevel: 'silent',
    })
    return metafile
  } catch (error) {
    throw new BundleError(error instanceof Error ? error.message : 'esbuild failed', { cause: error })
  }
}

/** What decides how the code of a bundle behaves; the benchmark builds what it measures in the same way. */
export const HOW_TO_BUILD = {
  outExtension: { '.js': '.mjs' },
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  // The ES module build of a package where it has one: only that can be shaken down to what is used.
  mainFields: ['module', 'main'],
  banner: { js: REQUIRE_BANNER },
  get plugins() {
    return [
      lightDescriptors,
      browserAssets,
      builtinsWhenNeeded,
      lightHeaders,
      lightSignals,
      lightMimeTypes,
      lambdaCredentials,
    ]
  },
} satisfies BuildOptions
