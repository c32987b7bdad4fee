/** Style sheets and scripts for the browser, imported by a function as text: `import text from './page.css?browser'`. */
import { isAbsolute, join } from 'node:path'
import type { Plugin } from 'esbuild'
import { build } from 'esbuild'

const SUFFIX = '?browser'
const NAMESPACE = 'browser-asset'

/** Whether an import asks for a browser asset. */
export function isBrowserAsset(specifier: string): boolean {
  return specifier.endsWith(SUFFIX)
}

/**
 * Bundles one style sheet or script for browsers, minified, with everything it imports inside.
 *
 * @param path Absolute; may carry the suffix.
 * @returns A module that exports it as `text`.
 */
export async function browserAssetModule(path: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [path.replace(SUFFIX, '')],
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    charset: 'utf8',
    write: false,
    logLevel: 'silent',
  })
  return `export const text = ${JSON.stringify(outputFiles[0]?.text)}`
}

/** Lets esbuild put browser assets into a function's bundle. */
export const browserAssets: Plugin = {
  name: 'browser-assets',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\?browser$/ }, ({ path, resolveDir }) => ({
      path: isAbsolute(path) ? path : join(resolveDir, path),
      namespace: NAMESPACE,
    }))
    onLoad({ filter: /.*/, namespace: NAMESPACE }, async ({ path }) => ({
      contents: await browserAssetModule(path),
      loader: 'js',
    }))
  },
}
