import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findFreePort, makeRoom } from '../bench.ts'
import { untilAnswered } from '../request.ts'
import { ownProcessesOf, type Peer, type PeerTask } from './peer.ts'

/** What differs between the nginx columns. */
export type NginxTask = PeerTask & {
  readonly workers?: number
  /** Buffers that hold 1 MB of an answer and no temporary files: what one sets for large bodies. */
  readonly isTuned?: boolean
  /** Directory of static files; `/` is then that instead of the origin. Tuned: with open_file_cache. */
  readonly publicDirectory?: string
}

/** Starts Debian's nginx in front of the origin or of files. */
export const startNginx = async (task: NginxTask): Promise<Peer> => {
  const name = task.isTuned ? 'nginx tuned' : 'nginx'
  const port = await findFreePort()
  const room = makeRoom(task.bench, `nginx-${port}`)
  const file = join(room, 'nginx.conf')
  const configuration = configurationOf(task, port, room)
  writeFileSync(file, configuration)
  const member = task.bench.crew.start({
    program: '/usr/sbin/nginx',
    args: ['-p', room, '-c', file, '-e', join(room, 'error.log')],
    directory: room,
    output: join(room, 'output.log'),
  })
  await untilAnswered(port, task.publicDirectory === undefined ? '/1k' : '/10k.txt', 10_000)
  return { name, port, command: member.command, configuration, pids: () => ownProcessesOf(member), stop: member.stop }
}

const tunedProxy = `
    proxy_buffer_size 16k; proxy_buffers 16 64k; proxy_busy_buffers_size 256k; proxy_max_temp_file_size 0;`

const configurationOf = (task: NginxTask, port: number, room: string): string => `
daemon off;
user root;
worker_processes ${task.workers ?? 1};
worker_rlimit_nofile 20000;
pid ${room}/nginx.pid;
error_log ${room}/error.log error;
events { worker_connections 20000; }
http {
  log_format json escape=json '{"time":"$time_iso8601","client_ip":"$remote_addr","method":"$request_method","uri":"$request_uri",'
    '"protocol":"$server_protocol","status":$status,"body_bytes_sent":$body_bytes_sent,"request_id":"$request_id",'
    '"request_time":$request_time,"referer":"$http_referer","user_agent":"$http_user_agent","upstream":"$upstream_addr"}';
  access_log ${room}/access.log json buffer=64k flush=1s;
  client_body_temp_path ${room}/body; proxy_temp_path ${room}/proxy;
  fastcgi_temp_path ${room}/fastcgi; uwsgi_temp_path ${room}/uwsgi; scgi_temp_path ${room}/scgi;
  keepalive_requests 1000000000; keepalive_timeout 600s;
  sendfile on; tcp_nopush on; tcp_nodelay on;
  upstream origin { server 127.0.0.1:${task.originPort}; keepalive 512; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port} backlog=4096 reuseport;
${task.publicDirectory === undefined ? proxyOf(task) : filesOf(task, task.publicDirectory)}
  }
}
`

const proxyOf = ({ isTuned }: NginxTask): string => `
    proxy_http_version 1.1;
    proxy_set_header Host $host;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Forwarded-Host $http_host;
    proxy_set_header X-Request-Id $request_id;${isTuned ? tunedProxy : ''}
    location / { proxy_pass http://origin; proxy_set_header Connection ""; }
    location = /socket {
      proxy_pass http://origin; proxy_read_timeout 600s;
      proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";
      proxy_set_header Host $host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }`

const filesOf = ({ isTuned }: NginxTask, directory: string): string => `
    root ${directory};
    ${isTuned ? 'open_file_cache max=1000 inactive=60s; open_file_cache_valid 1s; open_file_cache_min_uses 1;' : ''}`
