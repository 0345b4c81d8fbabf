import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Tests start real processes; a machine with few cores needs room to start them.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: 'forks',
  },
})
