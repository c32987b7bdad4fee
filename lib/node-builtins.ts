/** How the bundles of the functions load Node's own modules. */
import { builtinModules } from 'node:module'
import type { Plugin } from 'esbuild'

const names = builtinModules.map((name) => name.replace(/^node:/, '')).join('|')

/**
 * Loads Node's own modules where they are first needed, and only what is used of them.
 *
 * An `import` of `node:http` in an ES module reads every name that it exports, and reading one of them makes
 * Node load its whole fetch implementation: 25 ms of a cold start. A bundle would pay for it even if only an
 * `import()` leads there, because a bundle's imports of such modules all end up at its top.
 */
export const builtinsWhenNeeded: Plugin = {
  name: 'builtins-when-needed',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: new RegExp(`^(node:)?(${names})$`) }, ({ path, kind }) => ({
      path: path.replace(/^(node:)?/, 'node:'),
      namespace: kind === 'import-statement' ? 'imported-builtin' : 'builtin',
    }))
    onLoad({ filter: /^node:/, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule('${path}')`,
    }))
    onLoad({ filter: /^node:/, namespace: 'imported-builtin' }, ({ path }) => ({
      contents: importedBuiltin(path),
    }))
  },
}

/**
 * A module that reads each name by itself, so that those nobody imports are shaken off. Without it every importing
 * file would copy all names of the module to an object of its own.
 */
function importedBuiltin(path: string): string {
  const identifier = /^[A-Za-z_$][\w$]*$/
  const exported = Object.keys(process.getBuiltinModule(path) ?? {}).filter((name) => identifier.test(name))
  return [
    `const builtin = /* @__PURE__ */ process.getBuiltinModule('${path}')`,
    'const read = (name) => builtin[name]',
    ...exported.map(
      (name, at) => `const name${at} = /* @__PURE__ */ read('${name}')\nexport { name${at} as ${name} }`,
    ),
    'export default builtin',
  ].join('\n')
}
