import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { findFreePort, makeRoom } from '../bench.ts'
import { untilAnswered } from '../request.ts'
import { ownProcessesOf, type Peer, type PeerTask } from './peer.ts'

/** Starts http-proxy-3 in one Node thread in front of the origin. */
export const startHttpProxy3 = async ({ bench, originPort }: PeerTask): Promise<Peer> => {
  const port = await findFreePort()
  const room = makeRoom(bench, `http-proxy-3-${port}`)
  const program = join(bench.checkout, 'test/bench/programs/http-proxy-3-server.ts')
  const member = bench.crew.start({
    program: process.execPath,
    args: [program, String(port), String(originPort), join(room, 'access.log')],
    directory: room,
    output: join(room, 'output.log'),
    env: { NODE_ENV: 'production' },
  })
  await untilAnswered(port, '/1k', 10_000)
  const configuration = readFileSync(program, 'utf8')
  return { name: 'http-proxy-3', port, command: member.command, configuration, pids: () => ownProcessesOf(member), stop: member.stop }
}
