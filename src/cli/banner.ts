import { networkInterfaces } from 'node:os'
import type { Config, Listen } from '../config/config.ts'
import type { Paint } from './paint.ts'
import { shown } from './print-error.ts'
import { VERSION } from './version.ts'

export type BannerFacts = { readonly config: Config; readonly address: Listen; readonly controlSocket: string }

/** Five lines for whoever has started navigator by hand. */
export const formatBanner = ({ config, address, controlSocket }: BannerFacts, paint: Paint): string => {
  const managed = config.managed_processes.length
  const rows = [
    ['configuration', shown(config.file)],
    ['listening', urlsOf(config, address).join('  ')],
    ['tenants', `${config.tenants.length}${managed > 0 ? `, managed processes ${managed}` : ''}`],
    ['control', controlSocket],
  ] as const
  return [
    `${paint('bold', `Navigator ${VERSION}`)} on Node ${process.versions.node}, pid ${process.pid}`,
    ...rows.map(([title, text]) => `  ${paint('dim', title.padEnd(13))}  ${text}`),
  ].join('\n')
}

/** The same for programs: fields of one log line. */
export const bannerFields = ({ config, address, controlSocket }: BannerFacts): Readonly<Record<string, unknown>> => ({
  version: VERSION,
  node: process.versions.node,
  pid: process.pid,
  configFile: config.file,
  urls: urlsOf(config, address),
  tenants: config.tenants.length,
  managedProcesses: config.managed_processes.length,
  controlSocket,
})

const WILDCARDS = new Set(['', '::', '0.0.0.0'])

/** Where a browser finds us: on this machine and, when every address is taken, on the network. */
const urlsOf = ({ server }: Config, { host, port }: Listen): readonly string[] => {
  const urlTo = (name: string) => `http://${name.includes(':') ? `[${name}]` : name}:${port}${server.root_path || '/'}`
  if (!WILDCARDS.has(host)) return [urlTo(host)]
  const outside = Object.values(networkInterfaces())
    .flat()
    .find((net) => net && !net.internal && net.family === 'IPv4')
  return [urlTo('localhost'), ...(outside ? [urlTo(outside.address)] : [])]
}
