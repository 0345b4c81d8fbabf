/** Keeps `MB` megabytes (default 10) of each request to `/leak`, touched. Any path: its process id. */
import { serve } from './serve.ts'

const kept: Buffer[] = []

serve((request, response) => {
  if (request.url?.endsWith('/leak')) kept.push(Buffer.alloc(Number(process.env['MB'] ?? 10) * 1024 ** 2, 1))
  response.end(String(process.pid))
})
process.once('SIGTERM', () => process.exit(0))
