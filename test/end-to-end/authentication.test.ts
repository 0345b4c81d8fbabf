import { execFileSync } from 'node:child_process'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hashSync } from 'bcryptjs'
import { describe, expect, test } from 'vitest'
import { type Running, root, runNavigator, startNavigator } from './harness.ts'
import { portRange, tenant } from './site.ts'

const basic = (user: string, password = 'secret') => ({ authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` })
const openssl = (kind: string): string => execFileSync('openssl', ['passwd', kind, 'secret'], { encoding: 'utf8' }).trim()

/** One user for each kind of hash. The password of all is `secret`. */
const USERS = {
  apr: openssl('-apr1'),
  md5: openssl('-1'),
  sha256: openssl('-5'),
  sha512: openssl('-6'),
  bcrypt: hashSync('secret', 5),
  sha: '{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=',
  plain: 'secret',
}
const fileOf = (users: Readonly<Record<string, string>>): string =>
  Object.entries(users)
    .map(([name, hash]) => `${name}:${hash}\n`)
    .join('')

const config = (auth: object = {}) => ({
  server: { workers: 2 },
  auth: { enabled: true, htpasswd: 'htpasswd', ...auth },
  applications: { pools: portRange(), tenants: [tenant('app')] },
})

const start = (auth: object = {}, users: Readonly<Record<string, string>> = USERS): Promise<Running> =>
  startNavigator({ config: config(auth), files: { htpasswd: fileOf(users) } })

/** Asks until the answer has this status, for what no event tells. Gives how long that took, in ms. */
const until = async (site: Running, status: number, headers: Readonly<Record<string, string>>): Promise<number> => {
  const from = performance.now()
  for (;;) {
    const answer = await site.get('/app/', { headers })
    if (answer.status === status) return performance.now() - from
    if (performance.now() - from > 5_000) throw new Error(`still ${answer.status}, not ${status}`)
  }
}

describe('authentication', () => {
  test('lets in users with every kind of hash that htpasswd and openssl write, and nobody else', async () => {
    await using site = await start()
    for (const user of Object.keys(USERS)) {
      expect([user, (await site.get('/app/', { headers: basic(user) })).status]).toEqual([user, 200])
      expect([user, (await site.get('/app/', { headers: basic(user, 'wrong') })).status]).toEqual([user, 401])
    }
    expect((await site.get('/app/', { headers: basic('stranger') })).status).toBe(401)
    expect((await site.get('/app/')).headers['www-authenticate']).toBe('Basic realm="Restricted", charset="UTF-8"')
    expect(JSON.parse(await site.logged('"remote_user":"bcrypt"'))).toMatchObject({ status: 200, tenant: 'app' })
    expect(JSON.parse(await site.logged('"wrong credentials"'))).toMatchObject({ client_ip: '127.0.0.1', response_type: 'auth-failure' })
  })

  test('logs a guess so that the filter of the manual finds the guesser, and nothing else', async () => {
    await using site = await start()
    const manual = await readFile(join(root, 'docs/authentication.md'), 'utf8')
    const filter = new RegExp(/^failregex = (.*)$/m.exec(manual)![1]!.replace('<HOST>', '(?<host>[\\da-f.:]+)'))
    const faked = '"response_type":"auth-failure","error_message":"wrong credentials"}'
    await site.get('/app/', { headers: basic('ann', 'guess') })
    await site.get('/app/')
    await site.get(`/app/?${encodeURI(faked)}`, { headers: { ...basic('plain'), 'user-agent': faked, referer: faked } })
    await site.logged('"remote_user":"plain"')
    const found = site.log().flatMap((line) => filter.exec(line)?.groups?.['host'] ?? [])
    expect(found).toEqual(['127.0.0.1'])
  })

  test('sends a removed user out within a second, without a failed login, and lets a new one in', async () => {
    await using site = await start()
    const { plain: _, ...others } = USERS
    expect((await site.get('/app/', { headers: basic('plain') })).status).toBe(200)
    await writeFile(join(site.directory, 'htpasswd'), fileOf({ ...others, fresh: 'secret' }))
    expect(await until(site, 401, basic('plain'))).toBeLessThan(1_000)
    await until(site, 200, basic('fresh'))
    expect((await site.get('/app/', { headers: basic('sha') })).status).toBe(200)
  })

  test('goes by a file that was put in the place of another', async () => {
    await using site = await start()
    const file = join(site.directory, 'htpasswd')
    await writeFile(`${file}.new`, fileOf({ fresh: 'secret' }))
    await rename(`${file}.new`, file)
    await until(site, 200, basic('fresh'))
    expect((await site.get('/app/', { headers: basic('sha') })).status).toBe(401)
  })

  test('lets nobody in once the file is gone, says so in the log, and goes on when it is back', async () => {
    await using site = await start({ public_paths: ['/app/public/'] })
    expect((await site.get('/app/', { headers: basic('plain') })).status).toBe(200)
    await rm(join(site.directory, 'htpasswd'))
    expect(await until(site, 503, basic('plain'))).toBeLessThan(1_000)
    await site.logged('password file cannot be read: nobody gets in')
    expect((await site.get('/app/')).status).toBe(401)
    expect((await site.get('/app/public/a')).status).toBe(200)
    await writeFile(join(site.directory, 'htpasswd'), fileOf(USERS))
    await until(site, 200, basic('plain'))
  })

  test('lets out only the user of a line that breaks while it runs', async () => {
    await using site = await start({}, { ann: 'secret', bob: 'secret' })
    await writeFile(join(site.directory, 'htpasswd'), 'ann:$unknown$hash\nbob:secret\n')
    await until(site, 401, basic('ann'))
    expect((await site.get('/app/', { headers: basic('bob') })).status).toBe(200)
    expect(await site.logged('password file has a line that lets nobody in')).toMatch(/htpasswd:1"/)
  })

  test('refuses a reload to a file that is not there or broken, and stays as it was', async () => {
    await using site = await start()
    const missing = await site.reload(config({ htpasswd: 'nowhere' }))
    expect([missing.code, missing.stderr]).toEqual([
      1,
      expect.stringMatching(/navigator\.yml:\d+:\d+ .*cannot read password file nowhere: there is no such file/),
    ])
    await writeFile(join(site.directory, 'broken'), 'ann:secret\nno colon\n')
    const broken = await site.reload(config({ htpasswd: 'broken' }))
    expect([broken.code, broken.stderr]).toEqual([1, expect.stringContaining('broken:2:1')])
    expect((await site.get('/app/', { headers: basic('plain') })).status).toBe(200)
  })

  test('goes by other users, realm and public paths after a reload', async () => {
    await using site = await start()
    expect((await site.get('/app/', { headers: basic('plain') })).status).toBe(200)
    await writeFile(join(site.directory, 'second'), 'ann:secret\n')
    expect((await site.reload(config({ htpasswd: 'second', realm: 'New', public_paths: ['/app/public/'] }))).code).toBe(0)
    const refused = await site.get('/app/', { headers: basic('plain') })
    expect([refused.status, refused.headers['www-authenticate']]).toEqual([401, 'Basic realm="New", charset="UTF-8"'])
    expect((await site.get('/app/', { headers: basic('ann') })).status).toBe(200)
    expect((await site.get('/app/public/a')).status).toBe(200)
    await rm(join(site.directory, 'htpasswd'))
    expect((await site.get('/app/', { headers: basic('ann') })).status).toBe(200)
    expect((await site.reload({ ...config(), auth: { enabled: false } })).code).toBe(0)
    expect((await site.get('/app/')).status).toBe(200)
  })

  test('keeps a tenant to the users of its own file', async () => {
    await using site = await startNavigator({
      config: {
        applications: {
          pools: portRange(),
          tenants: [tenant('open'), tenant('own', 'echo', { htpasswd: 'own', auth_realm: 'Own' })],
        },
      },
      files: { own: 'ann:secret\n' },
    })
    expect((await site.get('/open/')).status).toBe(200)
    expect((await site.get('/own/')).headers['www-authenticate']).toContain('realm="Own"')
    expect((await site.get('/own/', { headers: basic('ann') })).status).toBe(200)
  })

  test.each([
    ['server', { server: { listen: '127.0.0.1:0', authentication: 'htpasswd', auth_exclude: ['/app/public/'] } }],
    ['auth', { auth: { enabled: true, htpasswd: 'htpasswd', exclude_patterns: [{ pattern: '^/app/public/', description: 'open' }] } }],
  ])('understands the old spelling in %s', async (_, old) => {
    const { auth: _new, ...rest } = config()
    await using site = await startNavigator({ config: { ...rest, ...old }, files: { htpasswd: 'ann:secret\n' } })
    expect((await site.get('/app/')).status).toBe(401)
    expect((await site.get('/app/public/x')).status).toBe(200)
    expect((await site.get('/app/', { headers: basic('ann') })).status).toBe(200)
  })
})

test('navigator does not start with a password file that is not there, and says where it is named', async () => {
  const { directory, [Symbol.asyncDispose]: dispose } = await startNavigator({ config: {}, files: {} })
  await writeFile(join(directory, 'auth.yml'), 'auth:\n  enabled: true\n  htpasswd: nowhere\n')
  const { code, stderr } = await runNavigator(['check', 'auth.yml'], { cwd: directory })
  expect([code, stderr]).toEqual([expect.any(Number), expect.stringContaining('auth.yml:3:13')])
  expect(code).not.toBe(0)
  await dispose()
})
