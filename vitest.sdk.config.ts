import { defineConfig } from 'vitest/config'

/** The real Flyte SDK against the local stack: `npm run test:sdk`, which installs the SDK first. */
export default defineConfig({
  test: {
    include: ['test/sdk/**/*.sdk.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Signing in with a browser listens on one fixed port.
    fileParallelism: false,
  },
})
