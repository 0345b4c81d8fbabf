import type { Exchange, Step } from '../exchange.ts'
import { answerFile } from '../files/answer-file.ts'
import type { FileOwner } from '../files/locate.ts'
import type { Found } from '../files/public-file.ts'
import { errorAnswer } from '../responses.ts'

/** Serves the file at a path, or the one that `try_files` completes it to: in the tenant's own directory, then in the server's. */
export const serveStaticFile: Step = (exchange) => {
  if (exchange.method !== 'GET' && exchange.method !== 'HEAD') return undefined
  const found = find(exchange)
  if (found.kind === 'file') return answerFile(exchange, found.representations, Date.now())
  return found.kind === 'directory' ? redirectToDirectory(exchange) : undefined
}

/** 405 where nothing else answers and a file is at the path. */
export const refuseOtherMethods: Step = (exchange) => {
  if (exchange.method === 'GET' || exchange.method === 'HEAD' || find(exchange).kind === 'nothing') return undefined
  const refusal = errorAnswer(exchange, 405, { errorMessage: `${exchange.method} for a file` })
  return { ...refusal, headers: [['Allow', 'GET, HEAD'], ...refusal.headers] }
}

/** The file named as `fallback`, for all that nothing else answers. */
export const serveFallback: Step = (exchange) => {
  const { fallback } = exchange.routing.snapshot.server.static
  if (fallback === undefined || (exchange.method !== 'GET' && exchange.method !== 'HEAD')) return undefined
  const found = exchange.routing.files.find(encodeURI(`/${fallback.replace(/^\/+/, '')}`), undefined, exchange.user !== undefined)
  return found.kind === 'file' ? answerFile(exchange, found.representations, Date.now()) : undefined
}

const find = ({ routing, path, header, user }: Exchange): Found =>
  routing.files.find(path, routing.hasFileOwners ? ownerOf(routing, header('host'), path) : undefined, user !== undefined)

const ownerOf = (routing: Exchange['routing'], host: string | undefined, path: string): FileOwner | undefined => {
  const tenant = routing.findTenant(host, path)
  return tenant?.public_dir === undefined ? undefined : { name: tenant.name, path: tenant.path, public_dir: tenant.public_dir }
}

const redirectToDirectory = ({ path, query }: Exchange) => {
  const location = `${path}/${query}`
  return {
    kind: 'respond',
    status: 301,
    headers: [
      ['Location', location],
      ['Content-Type', 'text/plain; charset=utf-8'],
    ],
    body: `Moved Permanently: ${location}\n`,
    responseType: 'redirect',
    destination: location,
  } as const
}
