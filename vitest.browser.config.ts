import { defineConfig } from 'vitest/config'

/** The tests in a real browser, over the local stack: `npm run test:browser`. */
export default defineConfig({
  test: {
    include: ['test/browser/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // One browser at a time: it takes the machine for itself.
    fileParallelism: false,
  },
})
