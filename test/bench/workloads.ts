/** One kind of request. */
export type Workload = {
  readonly name: string
  readonly title: string
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly bodyBytes: number
  /** Body bytes of one answer. */
  readonly answerBytes: number
  /** Whether requests are counted as bytes read ÷ bytes of an answer: transfers that a round's end cuts off are then not lost. */
  readonly isCountedByBytes: boolean
}

const get = (name: string, title: string, answerBytes: number): Workload => ({
  name,
  title,
  method: 'GET',
  path: `/${name}`,
  headers: {},
  bodyBytes: 0,
  answerBytes,
  isCountedByBytes: false,
})

/** What a current browser sends with a page request, cookies included. */
const browserHeaders: Readonly<Record<string, string>> = {
  'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36',
  Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8',
  'Accept-Language': 'en-GB,en;q=0.9,de;q=0.8',
  'Accept-Encoding': 'gzip, deflate, br, zstd',
  'Cache-Control': 'max-age=0',
  'Sec-Ch-Ua': '"Not;A=Brand";v="99", "Google Chrome";v="139", "Chromium";v="139"',
  'Sec-Ch-Ua-Mobile': '?0',
  'Sec-Ch-Ua-Platform': '"Linux"',
  'Sec-Fetch-Dest': 'document',
  'Sec-Fetch-Mode': 'navigate',
  Referer: 'http://127.0.0.1/2025/boston/heats',
  Cookie:
    '_session=dGhpcyBpcyBub3QgYSByZWFsIHNlc3Npb24gYnV0IGFib3V0IGFzIGxvbmcgYXMgb25lIGlz--3f1c9a; theme=dark; seen=1763743200; _ga=GA1.1.1234567890.1763743200',
}

/** A 1 KB answer to a bare request: what most parts measure with. */
export const small: Workload = get('1k', '1 KB GET', 1024)

/** All that is proxied, in the order of the table. */
export const proxied: readonly Workload[] = [
  small,
  { ...get('1k', '1 KB GET, 12 browser headers', 1024), name: 'headers', headers: browserHeaders },
  get('10k', '10 KB GET', 10 * 1024),
  get('100k', '100 KB GET', 100 * 1024),
  { ...get('10m', '10 MB GET', 10 * 1024 * 1024), isCountedByBytes: true },
  { ...get('post', '2 KB POST', 1024), method: 'POST', bodyBytes: 2048 },
  get('chunked', '1 KB chunked answer', 1024),
]

/** A file of 10 KB, served from disk or memory. */
export const staticFile: Workload = get('10k.txt', '10 KB static file', 10 * 1024)
