import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findFreePort, makeRoom } from '../bench.ts'
import { untilAnswered } from '../request.ts'
import { ownProcessesOf, type Peer, type PeerTask } from './peer.ts'

/** Starts Debian's HAProxy with one thread in front of the origin; httplog to a file. */
export const startHaproxy = async ({ bench, originPort }: PeerTask): Promise<Peer> => {
  const port = await findFreePort()
  const room = makeRoom(bench, `haproxy-${port}`)
  const file = join(room, 'haproxy.cfg')
  const configuration = configurationOf(port, originPort)
  writeFileSync(file, configuration)
  const member = bench.crew.start({
    program: '/usr/sbin/haproxy',
    args: ['-db', '-f', file],
    directory: room,
    output: join(room, 'access.log'),
  })
  await untilAnswered(port, '/1k', 10_000)
  return { name: 'haproxy', port, command: member.command, configuration, pids: () => ownProcessesOf(member), stop: member.stop }
}

const configurationOf = (port: number, originPort: number): string => `
global
  nbthread 1
  maxconn 10100
  no strict-limits
  log stdout format raw local0 info
defaults
  mode http
  log global
  option httplog
  timeout connect 5s
  timeout client 600s
  timeout server 600s
  timeout http-keep-alive 600s
  timeout tunnel 600s
  http-reuse always
frontend in
  bind 127.0.0.1:${port} backlog 4096
  unique-id-format %[uuid]
  unique-id-header X-Request-Id
  option forwardfor
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  default_backend origin
backend origin
  server origin 127.0.0.1:${originPort} pool-max-conn 512
`
