import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { CgiScriptConfig } from '../../src/config/config.ts'
import { ask, dial, type Site, startApp, startSite, talk } from './harness.ts'

const directory = mkdtempSync(join(tmpdir(), 'navigator-cgi-'))
afterAll(() => rmSync(directory, { recursive: true }))

let written = 0
const shell = (body: string, name = `script-${++written}`): string => {
  const file = join(directory, name)
  writeFileSync(file, `#!/bin/sh\n${body}\n`, { mode: 0o755 })
  return file
}
const scripted = (body: string, rest: Partial<CgiScriptConfig> = {}): CgiScriptConfig => ({
  path: '/run',
  script: shell(body),
  env: {},
  ...rest,
})
const siteWith = (...cgi_scripts: CgiScriptConfig[]): Promise<Site> => startSite({ server: { cgi_scripts } })

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
const gone = async (pid: number): Promise<void> => {
  for (const end = Date.now() + 5_000; isAlive(pid) && Date.now() < end; ) await new Promise((resolve) => setTimeout(resolve, 10))
  expect(isAlive(pid)).toBe(false)
}

const HEAD = 'printf "Content-Type: text/plain\\n\\n"'

describe('a CGI script', () => {
  test('is told of the request by the variables of RFC 3875', async () => {
    await using site = await siteWith(scripted(`${HEAD}; env`, { env: { EXTRA: 'yes', REQUEST_METHOD: 'forged' }, unset_env: ['HOME'] }))
    const headers = {
      host: `studio.example:${site.port}`,
      'content-type': 'text/csv',
      cookie: 'a=1',
      'x-request-id': 'r-1',
      proxy: 'http://evil.example',
      authorization: 'Basic Ym9iOng=',
      x_forwarded_for: 'forged',
      'x-forwarded-for': 'forged',
    }
    const { status, body } = await ask(site, '/run?a=%20b', { method: 'POST', headers, body: '12345' })
    const env = Object.fromEntries(body.split('\n').map((line) => line.split(/=(.*)/s).slice(0, 2)))
    expect(status).toBe(200)
    expect(env).toMatchObject({
      GATEWAY_INTERFACE: 'CGI/1.1',
      SERVER_PROTOCOL: 'HTTP/1.1',
      SERVER_SOFTWARE: 'Navigator',
      SERVER_NAME: 'studio.example',
      SERVER_PORT: String(site.port),
      REQUEST_METHOD: 'POST',
      REQUEST_URI: '/run?a=%20b',
      QUERY_STRING: 'a=%20b',
      SCRIPT_NAME: '/run',
      PATH_INFO: '',
      PATH_TRANSLATED: '',
      REMOTE_ADDR: '127.0.0.1',
      CONTENT_TYPE: 'text/csv',
      CONTENT_LENGTH: '5',
      HTTP_COOKIE: 'a=1',
      HTTP_X_REQUEST_ID: 'r-1',
      HTTP_X_FORWARDED_FOR: '127.0.0.1',
      HTTP_HOST: `studio.example:${site.port}`,
      EXTRA: 'yes',
    })
    expect(env['DOCUMENT_ROOT']).toMatch(/^\//)
    for (const name of ['HTTP_PROXY', 'HTTP_AUTHORIZATION', 'REMOTE_USER', 'AUTH_TYPE', 'HOME']) expect(env).not.toHaveProperty(name)
  })

  test('runs in its own directory', async () => {
    await using site = await siteWith(scripted(`${HEAD}; pwd`))
    expect((await ask(site, '/run')).body.trim()).toBe(directory)
  })

  test('is chosen by path and method; other requests go on', async () => {
    const get = scripted(`${HEAD}; echo got`, { method: 'GET' })
    const post = scripted(`${HEAD}; echo posted`, { method: 'POST' })
    await using site = await siteWith(get, post)
    expect((await ask(site, '/run')).body).toBe('got\n')
    expect((await ask(site, '/%72un', { method: 'POST' })).body).toBe('posted\n')
    expect((await ask(site, '/run', { method: 'PUT' })).status).toBe(404)
    expect((await ask(site, '/run/more')).status).toBe(404)
    expect(await ask(site, '/run', { method: 'HEAD' })).toMatchObject({ status: 200, body: '' })
  })

  test('sets status and headers, each repeated one kept', async () => {
    await using site = await siteWith(
      scripted(
        'printf "Status: 418 Teapot\\r\\nSet-Cookie: a=1\\r\\nSet-Cookie: b=2\\r\\nX-Own: yes\\r\\nConnection: keep-alive\\r\\n\\r\\nshort"',
      ),
    )
    const reply = await ask(site, '/run')
    expect(reply).toMatchObject({ status: 418, body: 'short', headers: { 'set-cookie': ['a=1', 'b=2'], 'x-own': 'yes' } })
    expect(reply.headers).not.toHaveProperty('status')
    expect(await site.line(({ uri }) => uri === '/run')).toMatchObject({ status: 418, response_type: 'cgi', body_bytes_sent: 5 })
  })

  test('gets a body while it is being sent, and is heard while it speaks', async () => {
    await using site = await siteWith(scripted(`${HEAD}; read line; echo "one $line"; read line; echo "two $line"`))
    const wire = await dial(site.port)
    wire.write('POST /run HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabc\n\r\n')
    await wire.until('one abc')
    wire.write('4\r\ndef\n\r\n0\r\n\r\n')
    await wire.until('two def')
    wire.socket.destroy()
  })

  test('may leave a body unread, and the connection goes on', async () => {
    await using site = await siteWith(scripted(`${HEAD}; echo done`))
    const body = 'x'.repeat(1_000_000)
    const second = 'GET /run HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
    const text = await talk(site, `POST /run HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}${second}`)
    expect(text.match(/200 OK/g)).toHaveLength(2)
  })

  test('sends megabytes unharmed', async () => {
    await using site = await siteWith(scripted(`${HEAD}; head -c 5000000 /dev/zero | tr '\\0' x`))
    expect((await ask(site, '/run')).body).toBe('x'.repeat(5_000_000))
  })

  test('leads a browser on with an absolute Location, and here with a local one', async () => {
    await using app = await startApp((request, response) => void response.end(`${request.method} ${request.url}`))
    await using site = await startSite({
      tenants: [{ name: 'boston', port: app.port }],
      server: {
        cgi_scripts: [
          scripted('printf "Location: https://example.com/x\\n\\n"', { path: '/away' }),
          scripted('cat >/dev/null; printf "Location: /boston/list?new=1\\n\\n"', { path: '/local' }),
          scripted('printf "Status: 303\\nLocation: /boston/\\n\\n"', { path: '/told' }),
          scripted('printf "Location: /loop\\n\\n"', { path: '/loop' }),
        ],
      },
    })
    expect(await ask(site, '/away')).toMatchObject({ status: 302, headers: { location: 'https://example.com/x' } })
    expect(await ask(site, '/local', { method: 'POST', body: 'abc' })).toMatchObject({ status: 200, body: 'GET /boston/list?new=1' })
    expect(await ask(site, '/told')).toMatchObject({ status: 303, headers: { location: '/boston/' } })
    expect((await ask(site, '/loop')).status).toBe(500)
    expect(await site.line(({ uri }) => uri === '/local')).toMatchObject({
      method: 'POST',
      tenant: 'boston',
      rewritten_uri: '/boston/list?new=1',
    })
  })

  test('may lead on from a path that was rewritten', async () => {
    const here = scripted('printf "Location: /there\n\n"', { path: '/here' })
    const there = scripted(`${HEAD}; echo "$REQUEST_URI"`, { path: '/there' })
    await using site = await startSite({
      server: { cgi_scripts: [here, there] },
      routes: { rewrites: [{ from: '^/old', to: '/here' }] },
    })
    expect((await ask(site, '/old')).body).toBe('/there\n')
  })

  test('named nph-… writes its response itself', async () => {
    const script = shell('printf "HTTP/1.1 299 Mine\\r\\nX-Raw: 1\\r\\n\\r\\nbody"', 'nph-raw')
    await using site = await siteWith({ path: '/raw', script, env: {} })
    expect(await talk(site, 'GET /raw HTTP/1.1\r\nHost: a\r\n\r\n')).toBe('HTTP/1.1 299 Mine\r\nX-Raw: 1\r\n\r\nbody')
    expect(await site.line(({ uri }) => uri === '/raw')).toMatchObject({ status: 299, response_type: 'cgi' })
  })
})

describe('a CGI script that fails', () => {
  test.each([
    ['ends in failure before its head', 'exit 3', 'exit code 3'],
    ['writes nothing', 'true', 'no head'],
    ['writes what is no head', 'printf "hello world\\n\\n"', 'no field'],
    ['writes a head without end', 'while :; do printf "X-A: 1\\n"; done', '64 KiB'],
    ['writes half a head', 'printf "Content-Type: text/plain\\n"; exit 1', 'in its head'],
    ['writes an impossible status', 'printf "Status: 99\\n\\n"', 'Status'],
  ])('because it %s gets 500', async (_, body, reason) => {
    await using site = await siteWith(scripted(body))
    expect((await ask(site, '/run')).status).toBe(500)
    const line = await site.line(({ uri }) => uri === '/run')
    expect(line).toMatchObject({ status: 500, response_type: 'error' })
    expect(line['error_message']).toContain(reason)
  })

  test('because it is not there gets 500, and the supervisor is told', async () => {
    await using site = await siteWith({ path: '/run', script: join(directory, 'missing'), env: {} })
    expect((await ask(site, '/run')).status).toBe(500)
    expect(await site.message('cgi.failed')).toMatchObject({
      script: join(directory, 'missing'),
      reason: expect.stringContaining('ENOENT'),
    })
  })

  test('because nobody knows its user gets 500 with that reason', async () => {
    await using site = await siteWith(scripted(HEAD, { user: 'no-such-user' }))
    expect((await ask(site, '/run')).status).toBe(500)
    expect((await site.message('cgi.failed')).reason).toBe('this system knows no user no-such-user')
  })

  test('after its head breaks the connection off, so that the answer does not look whole', async () => {
    await using site = await siteWith(scripted(`${HEAD}; echo half; kill -9 $$`))
    const text = await talk(site, 'GET /run HTTP/1.1\r\nHost: a\r\n\r\n')
    expect(text).toContain('half')
    expect(text).not.toContain('\r\n0\r\n')
    expect(await site.line(({ uri }) => uri === '/run')).toMatchObject({ response_type: 'error' })
  })

  test('to end in time gets 504, and its whole group is ended', async () => {
    await using site = await siteWith(scripted('sleep 60 & echo $! >&2; wait', { timeout: 300 }))
    const replied = ask(site, '/run')
    const { line } = await site.message('cgi.said')
    expect((await replied).status).toBe(504)
    await gone(Number(line))
  })

  test('to heed its end is killed', async () => {
    await using site = await siteWith(scripted('trap "" TERM; echo $$ >&2; while :; do sleep 0.1; done', { timeout: 100 }))
    const replied = ask(site, '/run')
    const { line } = await site.message('cgi.said')
    expect((await replied).status).toBe(504)
    await gone(Number(line))
    expect(await site.message('cgi.ended')).toMatchObject({ signal: 'SIGKILL' })
  })
})

test('a script whose client goes is ended with its group', async () => {
  await using site = await siteWith(scripted(`sleep 60 & echo $! >&2; ${HEAD}; wait`))
  const wire = await dial(site.port)
  wire.write('GET /run HTTP/1.1\r\nHost: a\r\n\r\n')
  const { line } = await site.message('cgi.said')
  await wire.until('200 OK')
  wire.socket.destroy()
  await gone(Number(line))
  expect(await site.line(({ uri }) => uri === '/run')).toMatchObject({ response_type: 'client_closed' })
})

test('what a script leaves in its group ends after it, and does not hold the answer open', async () => {
  await using site = await siteWith(scripted(`sleep 60 & echo $! >&2; ${HEAD}; echo done`))
  expect((await ask(site, '/run')).body).toBe('done\n')
  await gone(Number((await site.message('cgi.said')).line))
})

test('the supervisor hears of each script that starts, speaks and ends', async () => {
  await using site = await siteWith(scripted(`echo "what happened" >&2; ${HEAD}`))
  await ask(site, '/run')
  const started = await site.message('cgi.started')
  expect(await site.message('cgi.said')).toMatchObject({ script: started.script, line: 'what happened' })
  expect(await site.message('cgi.ended')).toMatchObject({ pid: started.pid, script: started.script, code: 0, signal: null })
})

test('a script with reload_config asks for it when it has ended well, and only then', async () => {
  const file = join(directory, 'next.yml')
  const failing = scripted(`${HEAD}; exit 1`, { path: '/failing', reload_config: join(directory, 'other.yml') })
  await using site = await siteWith(failing, scripted(HEAD, { reload_config: file }))
  await ask(site, '/failing')
  await site.message('cgi.ended')
  await ask(site, '/run')
  expect(await site.message('config.reloadRequested')).toMatchObject({ file })
})

describe('allowed_users', () => {
  test('turn away whoever has not proved to be one of them', async () => {
    await using site = await siteWith(scripted(HEAD, { allowed_users: ['admin'] }))
    const stranger = await ask(site, '/run')
    expect(stranger).toMatchObject({ status: 401, headers: { 'www-authenticate': expect.stringContaining('Basic') } })
    const claimed = await ask(site, '/run', { auth: 'admin:anything' })
    expect(claimed.status).toBe(403)
    expect(site.messages.some(({ type }) => type === 'cgi.started')).toBe(false)
  })

  test.each([
    ['a path that needs a password', []],
    ['a public path', ['^/run$']],
  ])('let in whoever has proved to be one of them, and tell the script who it is, on %s', async (_, public_paths) => {
    const script = scripted(`${HEAD}; echo "$AUTH_TYPE $REMOTE_USER"`, { allowed_users: ['admin'] })
    await using site = await startSite({
      auth: { enabled: true, htpasswd: '/passwords', public_paths },
      server: { cgi_scripts: [script] },
    })
    const askAs = async (user: string, password: string) => {
      const reply = ask(site, '/run', { auth: `${user}:${password}` })
      const { key } = await site.message('password.check')
      site.send({ type: 'password.checked', key, outcome: password === 'right' ? 'verified' : 'refused' })
      return reply
    }
    expect((await askAs('admin', 'wrong')).status).toBe(401)
    expect((await askAs('guest', 'right')).status).toBe(403)
    expect(site.messages.some(({ type }) => type === 'cgi.started')).toBe(false)
    expect(await askAs('admin', 'right')).toMatchObject({ status: 200, body: 'Basic admin\n' })
  })
})

test.runIf(process.getuid?.() === 0)('root may run a script as another user', async () => {
  const script = shell(`${HEAD}; id -un`)
  chmodSync(directory, 0o755)
  await using site = await siteWith({ path: '/run', script, env: {}, user: 'nobody' })
  expect((await ask(site, '/run')).body.trim()).toBe('nobody')
})

test('an upgrade to a script is an ordinary request', async () => {
  await using site = await siteWith(scripted(`${HEAD}; echo plain`))
  const wire = await dial(site.port)
  wire.write(
    'GET /run HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n',
  )
  expect(await wire.until('plain')).toContain('200 OK')
  wire.socket.destroy()
})
