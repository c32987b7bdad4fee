/**
 * The template and the bundles of the local deployment: synthesized when something that goes into them has
 * changed, otherwise as they were the last time.
 */
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { CloudFormationTemplate } from './alb/index.ts'

export const PROJECT_DIRECTORY = fileURLToPath(new URL('..', import.meta.url))

/** Everything that is made on this machine and can be deleted at any time. Not in version control. */
export const LOCAL_DIRECTORY = join(PROJECT_DIRECTORY, '.local')

/** What the template and the bundles are made from, beside the settings. */
const INPUTS = ['lib', 'functions', 'package-lock.json']

/** How many earlier results are kept, so that going back and forth between two states stays quick. */
const KEPT_RESULTS = 6
const HOUR_MS = 3_600_000
/** A synthesis that takes longer than this was stopped half-way. */
const LOCK_LIFETIME_MS = 120_000
const POLL_MS = 50

export interface LocalSynthesis {
  readonly template: CloudFormationTemplate
  readonly region: string
  readonly functions: readonly {
    readonly name: string
    readonly logicalId: string
    readonly codeDirectory: string
  }[]
}

/** How a result is kept: everything but the template's text is small, and folders are relative to its own. */
type Kept = Omit<LocalSynthesis, 'template'> & { readonly template: unknown }

export interface SynthesisOptions {
  /** The text of a flyte.yaml. */
  readonly settings: string
  /** Told when something has to be made; not called when there is a result already. */
  readonly onWork?: () => void
}

/**
 * Answers the template and the bundles for these settings.
 *
 * Several processes may ask at once: one works, the others wait for its result.
 *
 * @throws {SettingsError} {@link lib/settings} if the settings contradict themselves
 * @throws {BundleError} {@link lib/bundling} if a function does not build
 */
export async function synthesizeLocally(options: SynthesisOptions): Promise<LocalSynthesis> {
  const parent = join(LOCAL_DIRECTORY, 'synthesis')
  const directory = join(parent, await digestOf(options.settings))
  const result = join(directory, 'result.json')
  await mkdir(parent, { recursive: true })
  const lock = `${directory}.lock`
  for (;;) {
    const kept = await readFile(result, 'utf8').catch(() => undefined)
    if (kept !== undefined) return load(JSON.parse(kept) as Kept, directory)
    if (await takeLock(lock)) break
    await sleep(POLL_MS)
  }
  try {
    options.onWork?.()
    const made = await synthesizeInto(directory, options.settings)
    // Renamed into place: a process that is waiting must never read half a result.
    await writeFile(`${result}.new`, JSON.stringify(made))
    await rename(`${result}.new`, result)
    await removeOldResults(parent)
    return load(made, directory)
  } finally {
    await rm(lock, { recursive: true, force: true })
  }
}

async function synthesizeInto(directory: string, settings: string): Promise<Kept> {
  // Only here: these bring the CDK and esbuild with them, which a start with a kept result has no use for.
  const [{ parseSettings }, { synthesize }] = await Promise.all([
    import('../lib/settings/settings.ts'),
    import('../lib/synthesize.ts'),
  ])
  const parsed = parseSettings(settings, { source: 'The settings of the local stack' })
  await rm(directory, { recursive: true, force: true })
  const { template, region, functions } = await synthesize(parsed, { outdir: directory })
  return {
    template,
    region,
    functions: functions.map((fn) => ({ ...fn, codeDirectory: relative(directory, fn.codeDirectory) })),
  }
}

function load(kept: Kept, directory: string): LocalSynthesis {
  return {
    template: kept.template as CloudFormationTemplate,
    region: kept.region,
    functions: kept.functions.map((fn) => ({ ...fn, codeDirectory: join(directory, fn.codeDirectory) })),
  }
}

async function digestOf(settings: string): Promise<string> {
  const hash = createHash('sha256').update(settings).update(process.version)
  for (const input of INPUTS) {
    for (const file of await filesBelow(join(PROJECT_DIRECTORY, input))) {
      hash.update(relative(PROJECT_DIRECTORY, file)).update(await readFile(file))
    }
  }
  return hash.digest('hex').slice(0, 16)
}

async function filesBelow(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path]
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
}

/** Making a folder is what only one of several processes can do. */
async function takeLock(lock: string): Promise<boolean> {
  try {
    await mkdir(lock)
    return true
  } catch {
    const age = await stat(lock)
      .then(({ mtimeMs }) => Date.now() - mtimeMs)
      .catch(() => 0)
    if (age > LOCK_LIFETIME_MS) await rm(lock, { recursive: true, force: true })
    return false
  }
}

async function removeOldResults(parent: string): Promise<void> {
  const results = await Promise.all(
    (await readdir(parent)).map(async (name) => ({
      path: join(parent, name),
      changedMs: (await stat(join(parent, name)).catch(() => undefined))?.mtimeMs ?? Date.now(),
    })),
  )
  const old = results.toSorted((a, b) => b.changedMs - a.changedMs).slice(KEPT_RESULTS)
  // A stack that runs since this morning may still start processes from an older one.
  const unused = old.filter(({ changedMs }) => Date.now() - changedMs > 12 * HOUR_MS)
  await Promise.all(unused.map(({ path }) => rm(path, { recursive: true, force: true })))
}
