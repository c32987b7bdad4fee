/** Spares the bundles the loading of Node's fetch implementation, which they do not use. */
import { readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Plugin } from 'esbuild'

const HEADER_MAP = fileURLToPath(new URL('../functions/shared/rpc/header-map.ts', import.meta.url))
const IMPORT = `import { HeaderMap as Headers } from ${JSON.stringify(HEADER_MAP)}\n`

/**
 * Gives Connect, and our own files around it, a small `Headers` of ours instead of Node's; see
 * `functions/shared/rpc/header-map.ts`. Other packages keep Node's.
 */
export const lightHeaders: Plugin = {
  name: 'light-headers',
  setup({ onLoad }) {
    const users =
      /[\\/]@connectrpc[\\/]connect[\\/]dist[\\/]esm[\\/].*\.js$|[\\/]functions[\\/]shared[\\/]rpc[\\/].*\.ts$/
    onLoad({ filter: users }, async ({ path }) => {
      const contents = await readFile(path, 'utf8')
      if (!contents.includes('new Headers(')) return undefined
      return { contents: IMPORT + contents, loader: extname(path) === '.ts' ? 'ts' : 'js' }
    })
  },
}
