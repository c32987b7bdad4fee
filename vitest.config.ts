import { defineConfig } from 'vitest/config'
import { browserAssetModule, isBrowserAsset } from './lib/browser-assets.ts'

/** The same text that esbuild puts into a function's bundle. */
const browserAssets = {
  name: 'browser-assets',
  enforce: 'pre' as const,
  async load(id: string) {
    return isBrowserAsset(id) ? browserAssetModule(id) : undefined
  },
}

export default defineConfig({
  plugins: [browserAssets],
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/browser/**', 'node_modules/**'],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // The published protobuf package is TypeScript source with enums, which Node itself does not load.
    server: { deps: { inline: [/@flyteorg\/flyteidl2/] } },
  },
})
