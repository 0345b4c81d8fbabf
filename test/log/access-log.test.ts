import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { type AccessRecord, createLineBatch, formatAccessLine } from '../../src/log/access-log.ts'
import { readableAccessLine } from '../../src/log/readable.ts'

const record: AccessRecord = {
  doneAt: Date.UTC(2026, 0, 31, 12, 0, 0, 7),
  clientIp: '203.0.113.9',
  remoteUser: '-',
  method: 'GET',
  uri: '/2025/boston/?page=2',
  protocol: 'HTTP/1.1',
  status: 200,
  bodyBytesSent: 1234,
  requestId: 'abc-1',
  requestTimeMs: 12.4,
  referer: '',
  userAgent: 'curl/8',
  flyRequestId: '',
}

test('has the documented fields in the documented order', () => {
  const all = {
    tenant: '2025/boston',
    responseType: 'proxy',
    destination: 'd',
    proxyBackend: 'tenant:2025/boston',
    filePath: '/f',
    errorMessage: 'e',
  }
  expect(Object.entries(JSON.parse(formatAccessLine({ ...record, ...all }))).slice(1)).toEqual([
    ['client_ip', '203.0.113.9'],
    ['remote_user', '-'],
    ['method', 'GET'],
    ['uri', '/2025/boston/?page=2'],
    ['protocol', 'HTTP/1.1'],
    ['status', 200],
    ['body_bytes_sent', 1234],
    ['request_id', 'abc-1'],
    ['request_time', '0.012'],
    ['referer', ''],
    ['user_agent', 'curl/8'],
    ['fly_request_id', ''],
    ['tenant', '2025/boston'],
    ['response_type', 'proxy'],
    ['destination', 'd'],
    ['proxy_backend', 'tenant:2025/boston'],
    ['file_path', '/f'],
    ['error_message', 'e'],
  ])
})

test('begins with the time it was done, in the local zone with its offset', () => {
  const text: string = JSON.parse(formatAccessLine(record))['@timestamp']
  expect(text).toMatch(/^2026-0[12]-\d\dT\d\d:\d\d:00\.007(Z|[+-]\d\d:\d\d)$/)
  expect(Date.parse(text)).toBe(record.doneAt)
  expect(Object.keys(JSON.parse(formatAccessLine(record)))[0]).toBe('@timestamp')
})

test('leaves out optional fields that are empty', () => {
  expect(Object.keys(JSON.parse(formatAccessLine({ ...record, tenant: '', responseType: undefined })))).not.toContain('tenant')
})

test.each(['"', '\\', '\n', '\u0000', '\u001f', '\u007f', 'é', '€', '\u2028', '𝄞', '\ud800', '\ufffe', '</script>'])(
  'a value that holds %j comes back as it was, on one line',
  (odd) => {
    const value = `a${odd}b`
    const line = formatAccessLine({ ...record, uri: value, userAgent: value, method: value, errorMessage: value })
    expect(JSON.parse(line)).toMatchObject({ uri: value, user_agent: value, method: value, error_message: value })
    expect(line).not.toContain('\n')
  },
)

test.each([
  [0, '0.000'],
  [0.5, '0.001'],
  [9, '0.009'],
  [99.9, '0.100'],
  [1_234, '1.234'],
  [3_600_000, '3600.000'],
])('%d ms are logged as %s', (requestTimeMs, expected) => {
  expect(JSON.parse(formatAccessLine({ ...record, requestTimeMs }))['request_time']).toBe(expected)
})

const batch = () => {
  const posted: string[] = []
  const { promise: first, resolve } = Promise.withResolvers<void>()
  const lines = createLineBatch((bytes) => {
    posted.push(new TextDecoder().decode(structuredClone(bytes, { transfer: [bytes.buffer] })))
    resolve()
  })
  return { posted, lines, first }
}

test('lines of one moment are posted together, whole, in a buffer that can be transferred', async () => {
  const { posted, lines, first } = batch()
  lines.add('one')
  lines.add('zwei €')
  expect(posted).toEqual([])
  await first
  expect(posted).toEqual(['one\nzwei €\n'])
})

test('256 KB are posted at once', () => {
  const { posted, lines } = batch()
  for (let i = 0; i < 270; i++) lines.add('x'.repeat(1_000))
  expect(posted).toHaveLength(1)
  lines.flush()
  expect(posted.join('').split('\n')).toHaveLength(271)
})

test('a line that is longer than a batch is posted whole', () => {
  const { posted, lines } = batch()
  const long = '€'.repeat(70_000)
  for (const line of ['before', long, 'behind']) lines.add(line)
  lines.flush()
  expect(posted.join('')).toBe(`before\n${long}\nbehind\n`)
})

test('what is remembered of the line before is of this line again when it differs', () => {
  const about = (clientIp: string, tenant: string) => {
    const line = JSON.parse(formatAccessLine({ ...record, clientIp, tenant, proxyBackend: `tenant:${tenant}` }))
    return [line.client_ip, line.tenant, line.proxy_backend]
  }
  for (const name of ['a', 'b"', 'a']) expect(about(name, name)).toEqual([name, name, `tenant:${name}`])
})

test('flushing nothing posts nothing', () => {
  const { posted, lines } = batch()
  lines.flush()
  expect(posted).toEqual([])
})

test('is short and coloured for a terminal', () => {
  const line = readableAccessLine(formatAccessLine({ ...record, tenant: 'boston', status: 502, errorMessage: 'refused' }))
  expect(stripVTControlCharacters(line)).toMatch(/^\d\d:\d\d:00\.007 502 GET {2}\/2025\/boston\/\?page=2 12ms 1\.2kB boston refused$/)
  expect(line).toContain('\u001b[31m502')
})

test('a line that is none of ours is shown as it is', () => {
  expect(readableAccessLine('hello')).toBe('hello')
})
