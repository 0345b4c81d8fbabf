import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Bench, makeRoom } from '../bench.ts'
import { runContest, type Standing } from '../contest.ts'
import { attempt, isMeasured } from '../peers/lineup.ts'
import { startNavigator } from '../peers/navigator.ts'
import { startNginx } from '../peers/nginx.ts'
import { describe, type Row } from '../report.ts'
import { staticFile } from '../workloads.ts'
import { findHonest, proxyNotes, rowsOf } from './proxy.ts'

/** CPU per static file of 10 KB. */
export const measureStaticFiles = async (bench: Bench): Promise<void> => {
  const publicDirectory = writeFiles(bench)
  const nginx = { bench, originPort: 9, publicDirectory }
  const starts = [
    { name: 'nginx', start: () => startNginx(nginx) },
    { name: 'nginx tuned', start: () => startNginx({ ...nginx, isTuned: true }) },
    { name: 'navigator', start: () => startNavigator({ bench, publicDirectory, warmPath: '/10k.txt' }) },
  ]
  const wanted = starts.filter(({ name }) => isMeasured(bench, name))
  const peers = (await Promise.all(wanted.map(({ name, start }) => attempt(bench, name, start)))).filter((peer) => peer !== undefined)
  const entries = await findHonest(bench, peers, staticFile)
  const standings: Standing[] = []
  const rows: Row[] = []
  for (const connections of bench.settings.isQuick ? [32] : [1, 32, 256]) {
    const cell = await runContest(bench, { workload: staticFile, connections, entries })
    standings.push(...cell)
    rows.push(...rowsOf(staticFile, cell))
  }
  await Promise.all(peers.map((peer) => peer.stop()))
  const notes = [
    ...proxyNotes,
    'nginx: sendfile. nginx tuned: sendfile and open_file_cache, revalidated each second; that is the one to compare with.',
  ]
  bench.report.add({ name: 'static', title: 'CPU per 10 KB static file', rows, notes, peers: peers.map(describe), details: standings })
}

const writeFiles = (bench: Bench): string => {
  const directory = join(makeRoom(bench, 'static'), 'public')
  mkdirSync(directory)
  writeFileSync(join(directory, '10k.txt'), Buffer.alloc(staticFile.answerBytes, 'a line of text, again and again\n'))
  return directory
}
