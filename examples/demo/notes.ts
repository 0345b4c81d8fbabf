/** A to-do list. One program; each tenant runs its own copy on its own database. */
import { openTodos, type Todo } from './todos.ts'
import { type Answer, asHtml, base, page, serve } from './web.ts'

const title = process.env['TITLE'] || 'Notes'
const FIRST: Readonly<Record<string, readonly string[]>> = {
  Garden: ['Sow the broad beans', 'Sharpen the hoe', 'Order seed potatoes'],
  Kitchen: ['Feed the sourdough', 'Buy lemons', 'Descale the kettle'],
  Travel: ['Renew the passport', 'Book the night train', 'Find someone to water the beans'],
}
const todos = openTodos(process.env['DATABASE'] || 'data/notes.db', FIRST[title])
const LONGEST_TEXT = 200

const change = (path: string, form: URLSearchParams): Answer => {
  const id = Number(form.get('id'))
  const text = (form.get('text') ?? '').trim().slice(0, LONGEST_TEXT)
  if (path === 'add' && text) todos.add(text)
  if (path === 'toggle') todos.toggle(id)
  if (path === 'remove') todos.remove(id)
  return { location: base }
}

const item = ({ id, text, done }: Todo): string => `
<li class="${done ? 'todo done' : 'todo'}">
  <form method="post" action="${base}toggle"><button class="check" name="id" value="${id}" aria-pressed="${done}"
    aria-label="${done ? 'Not done yet' : 'Done'}: ${asHtml(text)}"></button></form>
  <span class="text">${asHtml(text)}</span>
  <form method="post" action="${base}remove"><button class="remove" name="id" value="${id}" aria-label="Remove: ${asHtml(text)}">×</button></form>
</li>`

const summary = (open: number): string => (open === 0 ? 'All done.' : `${open} to do`)

const list = (): string => {
  const all = todos.list()
  const archived = todos.archived()
  return page({
    title: `${title} · notes`,
    hue: Number(process.env['HUE'] ?? 250),
    header: `<a class="back" href="/">← All lists</a><h1>${asHtml(title)}</h1><p>${summary(all.filter(({ done }) => !done).length)}</p>`,
    main: `
<form class="add" method="post" action="${base}add">
  <input name="text" maxlength="${LONGEST_TEXT}" placeholder="What is next?" aria-label="What is next?" required autocomplete="off" autofocus>
  <button>Add</button>
</form>
<ul class="todos">${all.map(item).join('')}</ul>
${archived.length ? `<details><summary>Archived (${archived.length})</summary><ul>${archived.map((text) => `<li>${asHtml(text)}</li>`).join('')}</ul></details>` : ''}
<footer>Process ${process.pid}, up ${Math.round(process.uptime())} s. It sleeps when nobody looks; what is done is put away after a while.</footer>`,
  })
}

serve(
  ({ method, path, form }) => {
    if (method === 'POST') return change(path, form)
    return path === ''
      ? { html: list() }
      : { status: 404, html: page({ title: 'Not found', hue: 0, header: '<h1>Not found</h1>', main: '' }) }
  },
  { onStop: () => todos.close() },
)
