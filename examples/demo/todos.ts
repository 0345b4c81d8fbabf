/** One database of to-dos. */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

export type Todo = { readonly id: number; readonly text: string; readonly done: boolean }

export type Todos = {
  list(): readonly Todo[]
  archived(): readonly string[]
  add(text: string): void
  toggle(id: number): void
  remove(id: number): void
  /** Puts away what has been done for `seconds`, and says how many that were. */
  archiveOlderThan(seconds: number): number
  close(): void
}

const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA busy_timeout = 2000;
  CREATE TABLE IF NOT EXISTS todos (
    id INTEGER PRIMARY KEY,
    text TEXT NOT NULL,
    done_at INTEGER,
    archived INTEGER NOT NULL DEFAULT 0
  );
`

/** Opens the file, or makes it with `first` in it. */
export const openTodos = (file: string, first: readonly string[] = []): Todos => {
  mkdirSync(dirname(file), { recursive: true })
  const db = new DatabaseSync(file)
  db.exec(SCHEMA)
  const add = db.prepare('INSERT INTO todos (text) VALUES (?)')
  const archive = db.prepare('UPDATE todos SET archived = 1 WHERE archived = 0 AND done_at <= unixepoch() - ?')
  if (db.prepare('SELECT 1 FROM todos LIMIT 1').get() === undefined) for (const text of first) add.run(text)
  return {
    list: () =>
      db
        .prepare('SELECT id, text, done_at FROM todos WHERE archived = 0 ORDER BY done_at IS NOT NULL, id')
        .all()
        .map(({ id, text, done_at }) => ({ id: Number(id), text: String(text), done: done_at !== null })),
    archived: () =>
      db
        .prepare('SELECT text FROM todos WHERE archived = 1 ORDER BY done_at DESC LIMIT 20')
        .all()
        .map(({ text }) => String(text)),
    add: (text) => void add.run(text),
    toggle: (id) => void db.prepare('UPDATE todos SET done_at = iif(done_at IS NULL, unixepoch(), NULL) WHERE id = ?').run(id),
    remove: (id) => void db.prepare('DELETE FROM todos WHERE id = ?').run(id),
    archiveOlderThan: (seconds) => Number(archive.run(seconds).changes),
    close: () => db.close(),
  }
}
