import { askInstance, followInstance } from '../inspect/control-socket.ts'
import type { LogItem } from '../inspect/log-commands.ts'
import type { Transition } from '../inspect/recorder.ts'
import { formatScreen, type Previous, SORTS, type Sort, shownRows } from '../inspect/screen.ts'
import { chartFor, outlineOf } from '../inspect/statechart.ts'
import type { InspectReport } from '../inspect/watch-commands.ts'
import type { Invocation } from './arguments.ts'
import { EXIT } from './exit-codes.ts'
import { readReport } from './inspect.ts'
import { type Paint, paintFor } from './paint.ts'

const LOOK_MS = 1_000
const ORDER_TIMEOUT_MS = 5_000
const HELP = 'arrows move  enter open  / filter  s sort  u start  d stop  r restart  q quit'

/** The full-screen view, until `q` or the end of the instance. */
export const inspectLive = async (socket: string, invocation: Invocation): Promise<number> => {
  const screen = new Screen(socket, paintFor(process.stdout, invocation))
  const { stdin, stdout } = process
  stdout.write('\x1b[?1049h\x1b[?25l')
  stdin.setRawMode(true)
  try {
    await screen.look()
    const timer = setInterval(() => void screen.look().catch((error: unknown) => screen.end(error)), LOOK_MS)
    stdin.on('data', (bytes: Buffer) => screen.press(bytes.toString()))
    stdout.on('resize', () => screen.draw())
    await screen.over.finally(() => clearInterval(timer))
  } finally {
    stdin.setRawMode(false)
    stdout.write('\x1b[?25h\x1b[?1049l')
  }
  return EXIT.ok
}

class Screen {
  readonly over: Promise<void>
  readonly #socket: string
  readonly #paint: Paint
  readonly #end: PromiseWithResolvers<void> = Promise.withResolvers()
  #report: InspectReport | undefined
  #previous: Previous | undefined
  #selected = 0
  #sort: Sort = 'name'
  #filter = ''
  #isTyping = false
  #opened: { kind: string; name: string } | undefined
  #details: readonly string[] = []
  #note = HELP

  constructor(socket: string, paint: Paint) {
    this.#socket = socket
    this.#paint = paint
    this.over = this.#end.promise
  }

  end(error?: unknown): void {
    if (error === undefined) this.#end.resolve()
    else this.#end.reject(error)
  }

  async look(): Promise<void> {
    const report = await readReport(this.#socket)
    this.#previous = this.#report
    this.#report = report
    if (this.#opened) this.#details = await this.#readDetails(this.#opened, report)
    this.draw()
  }

  /** Several keys may come at once. */
  press(keys: string): void {
    for (const [key] of keys.matchAll(/\p{Cc}\[[A-D]|./gsu)) {
      if (this.#isTyping) this.#type(key)
      else this.#command(key)
    }
    this.draw()
  }

  draw(): void {
    const { columns, rows } = process.stdout
    if (!this.#report) return
    const lines = this.#opened
      ? [this.#paint('bold', `${this.#opened.kind} ${this.#opened.name}`), ...this.#details].slice(0, rows - 1)
      : formatScreen(this.#report, { ...this.#view(), selected: this.#selected, height: rows, width: columns }, this.#paint)
    const foot = this.#isTyping ? `filter: ${this.#filter}_` : this.#opened ? 'esc back  u start  d stop  r restart  q quit' : this.#note
    process.stdout.write(`\x1b[H${lines.map((line) => `${line}\x1b[K\n`).join('')}\x1b[J\x1b[${rows};1H${this.#paint('dim', foot)}\x1b[K`)
  }

  #view() {
    return { previous: this.#previous, filter: this.#filter, sort: this.#sort }
  }

  #type(key: string): void {
    if (key === '\r' || key === '\x1b') this.#isTyping = false
    else if (key === '\x7f') this.#filter = this.#filter.slice(0, -1)
    else this.#filter += key.replace(/\p{Cc}.*/u, '')
    this.#selected = 0
  }

  #command(key: string): void {
    const rows = shownRows(this.#report!, this.#view())
    if (key === 'q' || key === '\x03') this.end()
    if (key === '\x1b') this.#opened = undefined
    if (key === '\x1b[A' || key === 'k') this.#selected = Math.max(0, this.#selected - 1)
    if (key === '\x1b[B' || key === 'j') this.#selected = Math.min(rows.length - 1, this.#selected + 1)
    if (key === '/') this.#isTyping = true
    if (key === 's') this.#sort = SORTS[(SORTS.indexOf(this.#sort) + 1) % SORTS.length]!
    const row = this.#opened ?? rows[this.#selected]?.row
    if (!row) return
    if (key === '\r') {
      this.#opened = { kind: row.kind, name: row.name }
      void this.look().catch((error: unknown) => this.end(error))
    }
    const verb = { u: 'start', d: 'stop', r: 'restart' }[key]
    if (verb) void this.#order(verb, row.name)
  }

  async #order(verb: string, name: string): Promise<void> {
    this.#note = await askInstance(this.#socket, { command: 'order', verb, names: [name] }, { timeoutMs: ORDER_TIMEOUT_MS }).then(
      () => `${verb}: ${name}`,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    )
    this.draw()
  }

  async #readDetails({ kind, name }: { kind: string; name: string }, report: InspectReport): Promise<readonly string[]> {
    const chart = chartFor(kind)
    const active = report.states[`${kind}/${name}`] ?? ''
    const outline = chart ? outlineOf(chart, active).map(({ text, isActive }) => (isActive ? this.#paint('green', text) : text)) : []
    const steps = await collect<Transition>(followInstance(this.#socket, { command: 'transitions', kind, name, last: 8 }))
    const lines = await collect<LogItem>(followInstance(this.#socket, { command: 'logs', names: [name], lines: 10 }))
    return [
      ...outline,
      '',
      ...steps.map(({ at, event, from, to, why }) => `${clock(at)}  ${from || '·'} → ${to}  ${this.#paint('dim', event)}  ${why ?? ''}`),
      '',
      ...lines.map((item) => ('dropped' in item ? '…' : item.line.replace(/\p{Cc}/gu, '\ufffd'))),
    ]
  }
}

const collect = async <Item>(items: AsyncIterable<unknown>): Promise<readonly Item[]> => {
  const all: Item[] = []
  for await (const item of items) all.push(item as Item)
  return all
}

const clock = (at: number): string => new Date(at).toTimeString().slice(0, 8)
