/** Listens only after BOOT_MS; says `booting` at once. */
import { serve } from './serve.ts'

console.log('booting')
setTimeout(() => serve((_request, response) => response.end(String(process.pid))), Number(process.env['BOOT_MS']))
