/** Puts away what has been done for a while, in every database of the demo. One process for all lists. */
import { existsSync, globSync } from 'node:fs'
import { join } from 'node:path'
import { openTodos } from './todos.ts'

const data = process.env['DATA'] || 'data'
const archiveAfterSeconds = Number(process.env['ARCHIVE_AFTER_SECONDS'] ?? 60)
const ROUND_MS = 2_000

const tidy = (): void => {
  if (!existsSync(data)) return
  for (const name of globSync('*.db', { cwd: data })) {
    const todos = openTodos(join(data, name))
    const count = todos.archiveOlderThan(archiveAfterSeconds)
    todos.close()
    if (count > 0) console.log(`archived ${count} of ${name}`)
  }
}

setInterval(tidy, ROUND_MS)
process.once('SIGTERM', () => process.exit(0))
