// A tenant for the supervisor's tests. What it does is said by its environment.
import { createServer } from 'node:http'

const { PORT, GREETING = 'hello', BOOT_MS = '0', EXIT_AT_START, EXIT_AT_PATH = '/crash' } = process.env
if (EXIT_AT_START) {
  console.error('cannot open the database')
  process.exit(Number(EXIT_AT_START))
}
process.on('SIGTERM', () => process.exit(0))
const server = createServer((request, response) => {
  if (request.url === EXIT_AT_PATH) return process.exit(3)
  if (request.url === '/slow') return setTimeout(() => response.end(`${GREETING} slowly`), 500)
  response.end(`${GREETING} from ${process.pid}`)
})
setTimeout(() => server.listen(Number(PORT), '127.0.0.1'), Number(BOOT_MS))
