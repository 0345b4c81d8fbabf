/** What kind of client asks, by its request's fields. Any lane. */

type Asker = { readonly method: string; header(name: string): string | undefined }

/**
 * Whether the client waits for its answer, however long a start takes: an API client, a POST, a script's fetch. A browser that
 * navigates does not: it is shown the maintenance page.
 */
export const isPatient = ({ method, header }: Asker): boolean => {
  if (method !== 'GET' && method !== 'HEAD') return true
  if (header('accept')?.includes('text/html') !== true) return true
  if (header('x-requested-with')?.toLowerCase() === 'xmlhttprequest') return true
  const mode = header('sec-fetch-mode')
  return mode !== undefined && mode !== 'navigate'
}

/** The form of an error that this client can read. */
export const errorFormat = (accept: string | undefined): 'html' | 'json' | 'text' => {
  if (accept === undefined) return 'text'
  if (accept.includes('text/html')) return 'html'
  return /\bapplication\/(?:[\w.-]+\+)?json\b/.test(accept) ? 'json' : 'text'
}
