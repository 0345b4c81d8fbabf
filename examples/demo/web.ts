/** What both apps of the demo serve by: assets, forms, a clean end. */
import { createReadStream } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { join } from 'node:path'

export type Answer = { readonly status?: number; readonly html?: string; readonly location?: string }
export type Route = (request: { method: string; path: string; form: URLSearchParams }) => Answer | Promise<Answer>

const LONGEST_FORM_BYTES = 16 * 1024
const ASSETS: Readonly<Record<string, string>> = { 'style.css': 'text/css', 'app.js': 'text/javascript', 'icon.svg': 'image/svg+xml' }

/** Where this app lives: its path on the site, with a slash at both ends. */
export const base = process.env['BASE'] || '/'

/** Serves `route` below `base` on the port that was lent to us, until we are told to stop. */
export const serve = (route: Route, { onStop = () => {} }: { onStop?: () => void } = {}): void => {
  const server = createServer((request, response) => {
    answer(request, response, route).catch((error: unknown) => {
      console.error(error)
      response.writeHead(500, { 'content-type': 'text/plain' }).end('Something went wrong; the log knows more.\n')
    })
  })
  server.listen(Number(process.env['PORT'] ?? 4000), '127.0.0.1')
  process.once('SIGTERM', () => {
    server.close(() => {
      onStop()
      process.exit(0)
    })
    server.closeIdleConnections()
  })
}

const answer = async (request: IncomingMessage, response: ServerResponse, route: Route): Promise<void> => {
  const { pathname } = new URL(request.url ?? '/', 'http://demo')
  const path = pathname.startsWith(base) ? pathname.slice(base.length) : pathname.slice(1)
  if (path === 'up') return void response.end('OK')
  if (path.startsWith('assets/')) return sendAsset(response, path.slice('assets/'.length))
  const form = new URLSearchParams(request.method === 'POST' ? await readBody(request) : '')
  const { status, html, location } = await route({ method: request.method ?? 'GET', path, form })
  if (location !== undefined) return void response.writeHead(303, { location }).end()
  response.writeHead(status ?? 200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }).end(html)
}

const sendAsset = (response: ServerResponse, name: string): void => {
  const type = Object.hasOwn(ASSETS, name) ? ASSETS[name] : undefined
  if (!type) return void response.writeHead(404).end()
  response.writeHead(200, { 'content-type': type, 'cache-control': 'max-age=60' })
  createReadStream(join(import.meta.dirname, 'assets', name)).pipe(response)
}

const readBody = async (request: IncomingMessage): Promise<string> => {
  let body = ''
  request.setEncoding('utf8')
  for await (const chunk of request) {
    body += chunk
    if (body.length > LONGEST_FORM_BYTES) throw new Error('the form is too long')
  }
  return body
}

/** Text as it may stand in HTML, attributes too. */
export const asHtml = (text: string): string => text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`)

/** A whole page around `main`. `hue` is its accent colour, in degrees. */
export const page = ({ title, hue, main, header }: { title: string; hue: number; main: string; header: string }): string => `<!doctype html>
<html lang="en" style="--hue: ${hue}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${asHtml(title)}</title>
<link rel="icon" href="${base}assets/icon.svg">
<link rel="stylesheet" href="${base}assets/style.css">
<script src="${base}assets/app.js" type="module"></script>
</head>
<body>
<header>${header}</header>
<main>${main}</main>
</body>
</html>
`
