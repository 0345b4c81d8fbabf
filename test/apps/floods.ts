/** Writes FLOOD_LINES numbered lines as fast as they are taken, then `flooded`. */
import { once } from 'node:events'

for (let line = 0; line < Number(process.env['FLOOD_LINES']); line++) {
  if (!process.stdout.write(`line ${line} ${'x'.repeat(100)}\n`)) await once(process.stdout, 'drain')
}
console.log('flooded')
