/** Listens but answers 500, for ever or, with READY_AFTER, to that many requests; then 200. */
import { serve } from './serve.ts'

let asked = 0
serve((_request, response) => {
  response.statusCode = asked++ < Number(process.env['READY_AFTER'] ?? Number.POSITIVE_INFINITY) ? 500 : 200
  response.end(String(asked))
})
