/** The front page: every list, and whether its app is awake. It asks navigator itself, over the control socket. */
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { asHtml, page, serve } from './web.ts'

type Row = { readonly name: string; readonly kind: string; readonly state: string; readonly pid?: number | null }

const LISTS = [
  { name: 'garden', title: 'Garden', hue: 145, about: 'Beds, seeds and tools' },
  { name: 'kitchen', title: 'Kitchen', hue: 45, about: 'Larder and stove' },
  { name: 'travel', title: 'Travel', hue: 230, about: 'Where to, and what first' },
]
const ASLEEP = new Set(['stopped', 'stopping'])
const ASK_TIMEOUT_MS = 2_000

/** What `navigator ps --json` prints; nothing when no instance can be asked. */
const askNavigator = async (): Promise<readonly Row[]> => {
  const path = process.env['NAVIGATOR_CONTROL_SOCKET']
  if (!path) return []
  const socket = connect({ path, timeout: ASK_TIMEOUT_MS })
  socket.on('timeout', () => socket.destroy(new Error('navigator does not answer')))
  socket.write('{"command":"ps"}\n')
  const reply = JSON.parse(await text(socket))
  return reply.ok ? reply.result.rows : []
}

const badge = (state: string): string => {
  const words = ASLEEP.has(state) ? 'asleep' : state === 'ready' || state === 'idle' ? 'awake' : state
  return `<span class="badge ${words}">${asHtml(words)}</span>`
}

const card = ({ name, title, hue, about }: (typeof LISTS)[number], row: Row | undefined): string => `
<a class="card" href="/${name}/" style="--hue: ${hue}">
  <h2>${title}</h2>
  <p>${about}</p>
  <div class="state">${badge(row?.state ?? 'unknown')}<small>${row?.pid ? `process ${row.pid}` : 'until opened'}</small></div>
</a>`

serve(async ({ path }) => {
  if (path !== '')
    return {
      status: 404,
      html: page({ title: 'Not found', hue: 250, header: '<h1>Not found</h1>', main: '<p><a href="/">All lists</a></p>' }),
    }
  const rows = await askNavigator()
  const find = (name: string) => rows.find((row) => row.name === name)
  const archivist = find('archivist')
  return {
    html: page({
      title: 'Navigator demo',
      hue: 250,
      header: '<h1>Lists</h1><p>Each list is an app of its own, with its own database. An app runs only while somebody uses it.</p>',
      main: `<div class="cards" data-refresh="2000">${LISTS.map((list) => card(list, find(list.name))).join('')}</div>
<footer data-refresh="2000">One background process serves them all: the archivist${archivist ? ` ${badge(archivist.state)}` : ''}</footer>`,
    }),
  }
})
