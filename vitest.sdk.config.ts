import { defineConfig } from 'vitest/config'

/** The real Flyte SDK against the local stack: `npm run test:sdk`, which installs the SDK first. */
export default defineConfig({
  test: {
    include: ['test/sdk/**/*.sdk.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Each command is a process of its own; more of them at once only wait for each other.
    maxWorkers: 2,
  },
})
