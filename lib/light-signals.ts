/** Spares each call of the bundles half of the signals that it would get. */
import { fileURLToPath } from 'node:url'
import type { Plugin } from 'esbuild'

const SIGNALS = fileURLToPath(new URL('../functions/shared/rpc/light-signals.ts', import.meta.url))

/** Gives Connect signals of ours instead of its own; see `functions/shared/rpc/light-signals.ts`. */
export const lightSignals: Plugin = {
  name: 'light-signals',
  setup({ onResolve }) {
    onResolve({ filter: /[\\/]signals\.js$/ }, ({ importer }) =>
      /[\\/]@connectrpc[\\/]connect[\\/]dist[\\/]esm[\\/]/.test(importer) ? { path: SIGNALS } : undefined,
    )
  },
}
