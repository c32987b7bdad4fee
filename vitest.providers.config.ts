import { defineConfig } from 'vitest/config'

/** Real identity providers in front of the local stack: `npm run test:providers`, which gets them first. */
export default defineConfig({
  test: {
    include: ['test/providers/**/*.provider.ts'],
    testTimeout: 120_000,
    hookTimeout: 420_000,
    // A provider, a browser and the stack take the machine for themselves.
    fileParallelism: false,
    server: { deps: { inline: [/@flyteorg\/flyteidl2/] } },
  },
})
