import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Tests start real processes; a machine with few cores needs room to start them.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // Most of a test is waiting for processes: more at once than there are cores.
    maxWorkers: Math.max(4, availableParallelism()),
  },
})
