import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { ratioOf, type Standing } from './contest.ts'
import { cpuMicrosOf, descendantsOf, isAlive, memoryOf } from './measure.ts'

const isLinux = process.platform === 'linux'

/** Runs the program in a Node of its own until the body is done; it says `ready` on its standard output when it is. */
const withNode = async (program: string, body: (pid: number) => void | Promise<void>): Promise<void> => {
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    await once(child.stdout, 'data')
    await body(child.pid!)
  } finally {
    child.kill('SIGKILL')
    await once(child, 'close')
  }
}

describe.runIf(isLinux)('measure', () => {
  test('counts the CPU time of worker threads', () =>
    withNode(
      `const busy = () => { while (process.threadCpuUsage().user < 200_000); };
       new (require('worker_threads').Worker)('(' + busy + ')()', { eval: true }).on('exit', () => console.log('ready'));
       setInterval(() => {}, 1e6)`,
      (pid) => expect(cpuMicrosOf([pid])).toBeGreaterThan(100_000),
    ))

  test('finds grandchildren', () =>
    withNode(
      `require('child_process').spawn('sh', ['-c', 'sleep 60 & echo ready; wait'], { stdio: ['ignore', 'inherit', 'inherit'] })`,
      (pid) => {
        const family = descendantsOf(pid)
        expect(family).toHaveLength(2)
        for (const member of family) process.kill(member, 'SIGKILL')
      },
    ))

  test('tells private from resident memory', () =>
    withNode(`globalThis.kept = Buffer.alloc(64 * 2 ** 20, 1); console.log('ready'); setInterval(() => {}, 1e6)`, (pid) => {
      const { rss, uss, anonymous } = memoryOf([pid])
      expect(uss).toBeGreaterThan(64 * 2 ** 20)
      expect(anonymous).toBeGreaterThan(64 * 2 ** 20)
      expect(rss).toBeGreaterThan(uss)
    }))

  test('knows that a process has ended', async () => {
    const child = spawn('true')
    await once(child, 'close')
    expect(isAlive(child.pid!)).toBe(false)
  })
})

describe('ratioOf', () => {
  const round = (cpuMicros: number) => ({ cpuMicros, perSecond: 1, p50Micros: 1, p99Micros: 1, errors: 0 })
  const standing = (peer: string, micros: readonly number[]): Standing => {
    const rounds = micros.map(round)
    return { ...rounds[0]!, peer, workload: '1k', connections: 32, rounds }
  }

  test('compares rounds that were neighbours in time', () => {
    // A busy stretch in the middle doubles both; the medians 40 and 30 would say 1.33.
    expect(ratioOf(standing('ours', [20, 80, 40]), standing('theirs', [10, 40, 30]))).toBe(2)
  })

  test('compares instructions where they were counted', () => {
    const counted = (peer: string, kiloInstructions: number): Standing => {
      const { rounds, ...rest } = standing(peer, [10])
      return { ...rest, kiloInstructions, rounds: rounds.map((one) => ({ ...one, kiloInstructions })) }
    }
    expect(ratioOf(counted('ours', 60), counted('theirs', 40))).toBe(1.5)
  })
})
