/** Serves, and answers SIGTERM with a line and nothing else. */
import { serve } from './serve.ts'

process.on('SIGTERM', () => console.log('ignored SIGTERM'))
serve((_request, response) => response.end(String(process.pid)))
