/** Bundles the parts of the benchmark that import protobuf sources, which Node does not load by itself. */
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const BANNER =
  "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);"

/** Bundles `test/bench/<name>.ts`, unminified, and says where it is. */
export async function buildCase(name: string): Promise<string> {
  // Inside the project, so that what stays outside of the bundle is still found.
  const outfile = fileURLToPath(new URL(`../../dist/bench/${name}.mjs`, import.meta.url))
  await build({
    entryPoints: [fileURLToPath(new URL(`${name}.ts`, import.meta.url))],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    mainFields: ['module', 'main'],
    banner: { js: BANNER },
    logLevel: 'error',
    external: ['dynalite'],
  })
  return outfile
}
