import { dirname, resolve } from 'node:path'
import { defineConfig } from 'vitest/config'
import { browserAssetModule, isBrowserAsset } from './lib/browser-assets.ts'

/** The same text that esbuild puts into a function's bundle, under ids that do not look like style sheets. */
const browserAssets = {
  name: 'browser-assets',
  enforce: 'pre' as const,
  resolveId(source: string, importer = '') {
    if (!isBrowserAsset(source)) return undefined
    return `\0${resolve(dirname(importer), source).replace('?', '.')}`
  },
  load(id: string) {
    if (!id.startsWith('\0') || !id.endsWith('.browser')) return undefined
    return browserAssetModule(id.slice(1, -'.browser'.length))
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
