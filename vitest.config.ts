import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/browser/**', 'node_modules/**'],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // The published protobuf package is TypeScript source with enums, which Node itself does not load.
    server: { deps: { inline: [/@flyteorg\/flyteidl2/] } },
  },
})
