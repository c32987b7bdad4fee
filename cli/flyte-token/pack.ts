/**
 * The command as a package of its own: JavaScript that needs nothing beside it, for every Node from 20 on.
 *
 * `npm pack ./cli/flyte-token` and `npm publish ./cli/flyte-token` call it. In this repository nothing of it is needed:
 * there `npx flyte-token` runs the source.
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'

const HERE = import.meta.dirname

/** What packages that were made for `require` still call. */
const REQUIRE = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);"

/**
 * Writes the package's `dist`, each heavy part in a file of its own that is loaded when it is used.
 *
 * @returns the modules that it imports from elsewhere: Node's own, and no others
 */
export async function packFlyteToken(directory: string = join(HERE, 'dist')): Promise<readonly string[]> {
  await rm(directory, { recursive: true, force: true })
  const { metafile } = await build({
    metafile: true,
    entryPoints: { 'flyte-token': join(HERE, '..', '..', 'bin', 'flyte-token.ts') },
    outdir: directory,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    // Of what is made both ways: a CommonJS module that is loaded later has no names in a bundle.
    mainFields: ['module', 'main'],
    banner: { js: REQUIRE },
    legalComments: 'linked',
    logLevel: 'warning',
  })
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports)
  return [...new Set(imports.filter(({ external }) => external).map(({ path }) => path))]
}
