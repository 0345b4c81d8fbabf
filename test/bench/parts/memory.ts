import { type Bench, pause } from '../bench.ts'
import { descriptorLimit, type Held, holdKeepAlive, holdWebSockets } from '../hold.ts'
import { type Memory, memoryOf } from '../measure.ts'
import { attempt, columns, startLineup } from '../peers/lineup.ts'
import { healthPath, startNavigator } from '../peers/navigator.ts'
import type { Peer } from '../peers/peer.ts'
import { describe, megabytes, type PeerDescription, type Row } from '../report.ts'
import { sendOne } from '../request.ts'

type Sample = { readonly peer: string; readonly state: string; readonly memory: Memory; readonly perUnit?: number }

/** Memory of the proxies at rest, with tenants awake, with idle connections and tunnels. */
export const measureMemory = async (bench: Bench): Promise<void> => {
  const samples: Sample[] = []
  const peers: PeerDescription[] = []
  if (bench.settings.only.length === 0 || bench.settings.only.includes('navigator')) {
    const described = await attempt(bench, 'navigator, tenants awake', () => measureTenants(bench, samples))
    if (described !== undefined) peers.push(described)
  }
  // One descriptor each, here and in the proxy, and some for everything else.
  const most = Math.min(bench.settings.isQuick ? 2_000 : 10_000, descriptorLimit() - 1_000)
  for (const name of columns) {
    if (name === 'nginx tuned') continue
    const states = [
      { title: `${most} idle keep-alive connections`, open: (port: number) => holdKeepAlive(port, most) },
      { title: '1000 WebSockets', open: (port: number) => holdWebSockets(port, 1_000) },
    ]
    for (const { title, open } of states) {
      const lineup = await startLineup(bench, [name])
      for (const peer of lineup.peers) await attempt(bench, `${name}, ${title}`, () => measureHeld(peer, title, open, samples))
      if (!peers.some((one) => one.name === name)) peers.push(...lineup.peers.map(describe))
      await lineup.stop()
    }
  }
  report(bench, samples, peers)
}

const measureTenants = async (bench: Bench, samples: Sample[]): Promise<PeerDescription> => {
  const tenants = Array.from({ length: 100 }, (_, index) => `/t${index}/`)
  const navigator = await startNavigator({ bench, tenants, warmPath: healthPath })
  const idle = await settledMemory(navigator)
  samples.push({ peer: 'navigator', state: 'idle, 100 tenants asleep', memory: idle })
  let awake = 0
  for (const count of [10, 100]) {
    for (; awake < count; awake++) await sendOne(navigator.port, `/t${awake}/1k`)
    const memory = await settledMemory(navigator)
    samples.push({ peer: 'navigator', state: `${count} tenants awake`, memory, perUnit: (memory.uss - idle.uss) / count })
  }
  await navigator.stop()
  return describe(navigator)
}

const measureHeld = async (peer: Peer, title: string, open: (port: number) => Promise<Held>, samples: Sample[]): Promise<void> => {
  const before = await settledMemory(peer)
  if (!samples.some((sample) => sample.peer === peer.name && sample.state === 'one request served')) {
    samples.push({ peer: peer.name, state: 'one request served', memory: before })
  }
  const held = await open(peer.port)
  const memory = await settledMemory(peer)
  const lost = held.lost()
  held.release()
  if (lost > 0) throw new Error(`${lost} of ${held.count} connections were closed by ${peer.name}`)
  samples.push({ peer: peer.name, state: title, memory, perUnit: (memory.uss - before.uss) / held.count })
}

/** Memory once it has stopped to move: within 1 % over a second, or after 8 s. */
const settledMemory = async (peer: Peer): Promise<Memory> => {
  let last = memoryOf(peer.pids())
  for (let seconds = 0; seconds < 8; seconds++) {
    await pause(1_000)
    const now = memoryOf(peer.pids())
    if (seconds > 0 && Math.abs(now.uss - last.uss) < 0.01 * last.uss) return now
    last = now
  }
  return last
}

const report = (bench: Bench, samples: readonly Sample[], peers: readonly PeerDescription[]): void => {
  const rows = samples.map(
    ({ peer, state, memory, perUnit }): Row => ({
      proxy: peer,
      state,
      'RSS MB': megabytes(memory.rss),
      'USS MB': megabytes(memory.uss),
      'anonymous MB': megabytes(memory.anonymous),
      'USS KB each': perUnit === undefined ? undefined : perUnit / 1024,
    }),
  )
  bench.report.add({
    name: 'memory',
    title: 'Memory of the proxy (apps not counted)',
    rows,
    notes: [
      "USS: private pages. RSS counts pages shared between processes in each of them. The kernel's own memory for sockets is in neither.",
      'USS KB each: growth over the state before, per tenant, connection or WebSocket.',
    ],
    peers,
    details: samples,
  })
}
