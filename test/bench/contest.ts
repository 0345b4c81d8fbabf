import { globSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { type Bench, medianOf } from './bench.ts'
import { countInstructions, cpuMicrosOf } from './measure.ts'
import type { Peer } from './peers/peer.ts'
import { sendOne } from './request.ts'
import type { Workload } from './workloads.ts'

/** One kind of load, put on several proxies by turns. */
export type Contest = {
  readonly workload: Workload
  readonly connections: number
  readonly entries: readonly Entry[]
}

/** A proxy in a contest; the path is given where it differs from the workload's. */
export type Entry = { readonly peer: Peer; readonly path?: string }

/** What one proxy did in one round. */
export type Round = {
  /** CPU time of all its processes and threads per request. */
  readonly cpuMicros: number
  /** Thousand instructions per request, user and kernel, where the machine counts them. */
  readonly kiloInstructions?: number
  readonly perSecond: number
  readonly p50Micros: number
  readonly p99Micros: number
  readonly errors: number
}

/** Medians over the rounds, and the rounds. `errors` is their sum. */
export type Standing = Round & {
  readonly peer: string
  readonly workload: string
  readonly connections: number
  readonly rounds: readonly Round[]
}

/** Warms everybody up, then lets them take turns, each round in another order. */
export const runContest = async (bench: Bench, contest: Contest): Promise<readonly Standing[]> => {
  emptyLogs(bench)
  const rounds = contest.entries.map((): Round[] => [])
  for (const entry of contest.entries) {
    await checkAnswer(entry, contest.workload)
    await putLoad(bench, contest, entry, 1)
  }
  for (let round = 0; round < bench.settings.rounds; round++) {
    for (let turn = 0; turn < contest.entries.length; turn++) {
      const index = (turn + round) % contest.entries.length
      rounds[index]!.push(await runRound(bench, contest, contest.entries[index]!))
    }
  }
  return contest.entries.map(({ peer }, index) => standingOf(contest, peer, rounds[index]!))
}

/**
 * Asks once and looks at the answer, so that nobody is measured at other work than the rest.
 * @throws when it is not the one the workload is about.
 */
export const checkAnswer = async ({ peer, path }: Entry, workload: Workload): Promise<void> => {
  const { status, bytes } = await sendOne(peer.port, path ?? workload.path)
  // The app answers a GET of /post with a few bytes; wrk's own count of failures covers that one.
  if (status !== 200 || (workload.method === 'GET' && bytes !== workload.answerBytes)) {
    throw new Error(`${peer.name} answers ${path ?? workload.path} with ${status} and ${bytes} bytes, not 200 and ${workload.answerBytes}`)
  }
}

/**
 * By how much one outdoes another: the median over the rounds of `ours ÷ theirs`. Neighbours in time are compared,
 * so that a busy stretch of the machine hits both. Instructions where they were counted, else CPU time.
 */
export const ratioOf = (ours: Standing, theirs: Standing): number =>
  medianOf(ours.rounds.map((round, index) => costOf(round) / costOf(theirs.rounds[index]!)))

// All write by appending, so an emptied file stays theirs; a full run would fill gigabytes otherwise.
const emptyLogs = ({ directory }: Bench): void => {
  for (const file of globSync(join(directory, '*/access.log'))) truncateSync(file)
}

const costOf = (round: Round): number => round.kiloInstructions ?? round.cpuMicros

const putLoad = (bench: Bench, { workload, connections }: Contest, { peer, path }: Entry, seconds: number) =>
  bench.putLoad({ port: peer.port, workload: path === undefined ? workload : { ...workload, path }, connections, seconds })

const runRound = async (bench: Bench, contest: Contest, entry: Entry): Promise<Round> => {
  const pids = entry.peer.pids()
  const counter = bench.tools.countsInstructions ? countInstructions(pids) : undefined
  const before = cpuMicrosOf(pids)
  const load = await putLoad(bench, contest, entry, bench.settings.seconds)
  const spent = cpuMicrosOf(pids) - before
  const instructions = await counter?.stop()
  const { workload } = contest
  const requests = workload.isCountedByBytes ? load.bytes / workload.answerBytes : load.requests
  return {
    cpuMicros: spent / requests,
    ...(instructions === undefined ? {} : { kiloInstructions: instructions / 1000 / requests }),
    perSecond: requests / load.seconds,
    p50Micros: load.p50Micros,
    p99Micros: load.p99Micros,
    errors: load.errors,
  }
}

const standingOf = ({ workload, connections }: Contest, peer: Peer, rounds: readonly Round[]): Standing => {
  const middle = (pick: (round: Round) => number) => medianOf(rounds.map(pick))
  const isCounted = rounds.every((round) => round.kiloInstructions !== undefined)
  return {
    peer: peer.name,
    workload: workload.name,
    connections,
    cpuMicros: middle((round) => round.cpuMicros),
    ...(isCounted ? { kiloInstructions: middle((round) => round.kiloInstructions ?? Number.NaN) } : {}),
    perSecond: middle((round) => round.perSecond),
    p50Micros: middle((round) => round.p50Micros),
    p99Micros: middle((round) => round.p99Micros),
    errors: rounds.reduce((sum, round) => sum + round.errors, 0),
    rounds,
  }
}
