/** Spares the authorization server a list of all media types that there are: 280 KB of a cold start. */
import { readFile } from 'node:fs/promises'
import type { Plugin } from 'esbuild'

/** What the engine's web framework names its own answers by, and what clients send to it. */
const NEEDED = [
  'application/json',
  'application/jwt',
  'application/octet-stream',
  'application/x-www-form-urlencoded',
  'text/html',
  'text/plain',
]

/** Leaves in `mime-db` what is needed of it, as it says it itself. */
export const lightMimeTypes: Plugin = {
  name: 'light-mime-types',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]mime-db[\\/]db\.json$/ }, async ({ path }) => {
      const all = JSON.parse(await readFile(path, 'utf8')) as Readonly<Record<string, object>>
      const needed = Object.fromEntries(NEEDED.map((type) => [type, all[type]]))
      return { contents: JSON.stringify(needed), loader: 'json' }
    })
  },
}
