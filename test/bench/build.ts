/** Bundles the parts of the benchmark that import protobuf sources, which Node does not load by itself. */
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { HOW_TO_BUILD } from '../../lib/bundling.ts'

/** The cases with the authorization server in them, whose engine stores its models under the names of their classes. */
const KEEPS_CLASS_NAMES: ReadonlySet<string> = new Set(['token'])

/** Bundles `test/bench/<name>.ts`, and says where it is. */
export async function buildCase(name: string): Promise<string> {
  // Inside the project, so that what stays outside of the bundle is still found.
  const outfile = fileURLToPath(new URL(`../../dist/bench/${name}.mjs`, import.meta.url))
  await build({
    ...HOW_TO_BUILD,
    entryPoints: [fileURLToPath(new URL(`${name}.ts`, import.meta.url))],
    outfile,
    minify: true,
    keepNames: KEEPS_CLASS_NAMES.has(name),
    logLevel: 'error',
    external: ['dynalite'],
  })
  return outfile
}
