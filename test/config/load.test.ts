import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ConfigError } from '../../src/config/config-error.ts'
import { findConfigFile } from '../../src/config/find.ts'
import { loadConfig, readConfig } from '../../src/config/load.ts'

const read = (text: string, env: NodeJS.ProcessEnv = {}) => readConfig(text, { file: 'navigator.yml', env, cwd: '/srv/site' })

const errorsOf = (text: string, env: NodeJS.ProcessEnv = {}): string => {
  try {
    read(text, env)
  } catch (error) {
    if (error instanceof ConfigError) return String(error)
    throw error
  }
  return 'no errors'
}

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'navigator-config-'))
})
afterAll(() => rm(directory, { recursive: true }))

describe('a file', () => {
  test('is loaded with its paths taken from the working directory', async () => {
    await mkdir(join(directory, 'config'))
    await writeFile(join(directory, 'config/navigator.yml'), 'applications: { tenants: [{ name: a, root: apps/a }] }')
    const { config } = await loadConfig('config/navigator.yml', { cwd: directory, env: {} })
    expect(config.file).toBe(join(directory, 'config/navigator.yml'))
    expect(config.tenants[0]?.root).toBe(join(directory, 'apps/a'))
  })

  test('shows the maintenance page that is there', async () => {
    await mkdir(join(directory, 'public'))
    await writeFile(join(directory, 'public/503.html'), 'back soon')
    await writeFile(join(directory, 'page.yml'), 'server: { listen: 0 }')
    const { config } = await loadConfig('page.yml', { cwd: directory, env: {} })
    expect(config.maintenance.page).toBe(join(directory, 'public/503.html'))
  })

  test('that is not there is named in the error', async () => {
    await expect(loadConfig('absent.yml', { cwd: directory, env: {} })).rejects.toMatchObject({
      code: 'NAV_CONFIG_UNREADABLE',
      message: 'cannot read absent.yml: there is no such file',
      hint: expect.any(String),
    })
  })

  test('that is a directory is named in the error', async () => {
    await expect(loadConfig('.', { cwd: directory, env: {} })).rejects.toMatchObject({ code: 'NAV_CONFIG_UNREADABLE' })
  })

  test.skipIf(process.getuid?.() === 0)('that may not be read is named in the error', async () => {
    const file = join(directory, 'private.yml')
    await writeFile(file, '')
    await chmod(file, 0)
    await expect(loadConfig(file, { cwd: directory, env: {} })).rejects.toThrow('permission denied')
  })

  test('is named relative to the working directory in errors', async () => {
    await writeFile(join(directory, 'wrong.yml'), 'sever: {}')
    const loading = loadConfig(join(directory, 'wrong.yml'), { cwd: directory, env: {} })
    await expect(loading).rejects.toMatchObject({
      errors: [{ at: { file: 'wrong.yml', line: 1, column: 1 }, hint: 'did you mean "server"?' }],
    })
  })

  test('that is empty has every default and a warning', () => {
    const { config, warnings } = read('')
    expect(config.server.listen).toEqual({ host: '::', port: 3000 })
    expect(config.applications.pools).toEqual({ timeout: 600_000, start_port: 4000, end_port: 4099, start_concurrency: 4 })
    expect(config.server.workers).toBeGreaterThan(0)
    expect(config.server.workers).toBeLessThanOrEqual(4)
    expect(warnings).toHaveLength(1)
  })

  test('with a byte order mark is read', () => {
    expect(read('\uFEFFserver: { listen: 8080 }').config.server.listen.port).toBe(8080)
  })

  test('with aliases of aliases of aliases is refused before it fills the memory', () => {
    const bomb = [
      'a: &a [x, x, x, x, x, x, x, x, x, x]',
      ...'bcdefgh'.split('').map((key, index) => `${key}: &${key} [${Array(10).fill(`*${'abcdefg'[index]}`)}]`),
    ]
    expect(errorsOf(bomb.join('\n'))).toContain('aliases make the file grow')
  })
})

describe('the file to load', () => {
  test('is the argument before NAVIGATOR_CONFIG', () => {
    expect(findConfigFile('a.yml', { NAVIGATOR_CONFIG: 'b.yml' }, directory)).toBe('a.yml')
    expect(findConfigFile(undefined, { NAVIGATOR_CONFIG: 'b.yml' }, directory)).toBe('b.yml')
  })

  test('is looked for where it is usually kept', async () => {
    const place = await mkdtemp(join(directory, 'place-'))
    expect(() => findConfigFile(undefined, {}, place)).toThrow(/config\/navigator\.yml, navigator\.yml/)
    await writeFile(join(place, 'navigator.yml'), '')
    expect(findConfigFile(undefined, {}, place)).toBe('navigator.yml')
    await mkdir(join(place, 'config'))
    await writeFile(join(place, 'config/navigator.yml'), '')
    expect(findConfigFile(undefined, {}, place)).toBe('config/navigator.yml')
  })
})

describe('server.listen', () => {
  test.each([
    ['3000', { host: '::', port: 3000 }],
    ['"3000"', { host: '::', port: 3000 }],
    ['":3000"', { host: '::', port: 3000 }],
    ['"*:3000"', { host: '::', port: 3000 }],
    ['127.0.0.1:3000', { host: '127.0.0.1', port: 3000 }],
    ['"[::1]:3000"', { host: '::1', port: 3000 }],
    ['localhost:3000', { host: '127.0.0.1', port: 3000 }],
    ['${LISTEN:-4000}', { host: '::', port: 4000 }],
    ['${HOST}:${PORT}', { host: '10.0.0.1', port: 5000 }],
  ])('%s is understood', (text, listen) => {
    const { config } = read(`server: { listen: ${text.includes('${') ? `"${text}"` : text} }`, { HOST: '10.0.0.1', PORT: '5000' })
    expect(config.server.listen).toMatchObject(listen)
  })

  test.each(['70000', 'example.com:80', '::1:3000', '"3000 "x', 'http://localhost:3000', '-1'])('%s is refused', (text) => {
    expect(errorsOf(`server:\n  listen: ${JSON.stringify(text)}`)).toMatch(/^navigator.yml:2:11 .* is not an address to listen on/)
  })
})

describe('a tenant', () => {
  const tenant = (text: string, env: NodeJS.ProcessEnv = {}) => read(`applications: { tenants: [${text}] }`, env).config.tenants[0]

  test('alone and without a path is at the root', () => {
    expect(tenant('{ name: main }')).toMatchObject({ name: 'main', path: '/' })
  })

  test('takes ${name} from its var before the environment', () => {
    expect(tenant('{ path: /, var: { DB: mine }, env: { URL: "x/${DB}" } }', { DB: 'theirs' })?.env).toEqual({ URL: 'x/mine' })
  })

  test('may keep a default that is empty', () => {
    expect(tenant('{ path: /, env: { A: "${NOT_THERE:-}" } }')?.env).toEqual({ A: '' })
  })

  test('keeps the places of its port for its start', () => {
    const found = tenant('{ path: /, env: { URL: "http://x:${PORT}/{{port}}" }, args: ["${port}", "{{port}}"] }', { PORT: '3000' })
    expect(found?.env['URL']).toBe('http://x:${PORT}/{{port}}')
    expect(found?.launch.args).toEqual(['${port}', '{{port}}'])
  })

  test('keeps text as it is written, where YAML would make numbers of it', () => {
    expect(tenant('{ path: /, env: { A: 1.10, B: 0x10, C: 010, D: true, E: 2025-01-01, F: "null" } }')?.env).toEqual({
      A: '1.10',
      B: '0x10',
      C: '010',
      D: 'true',
      E: '2025-01-01',
      F: 'null',
    })
  })

  test('with a command but no arguments leaves it a line', () => {
    expect(tenant('{ path: /, command: npm start }')?.launch).toEqual({ command: 'npm start', port_env_var: 'PORT' })
  })

  test('may have the path of another at another host', () => {
    expect(errorsOf('applications: { tenants: [{ path: / }, { path: /, host: a.example }, { path: /, host: b.example }] }')).toBe(
      'no errors',
    )
  })

  test('with a name that another derives is told where that is', () => {
    const text = 'applications:\n  tenants:\n    - { path: /showcase/a/ }\n    - { name: a, path: /b/ }\n    - { name: a, path: /c/ }'
    expect(errorsOf(text)).toContain('navigator.yml:5:9 NAV_CONFIG_INVALID: two tenants are called "a": the other is on line 4')
  })

  test('needs a value for every name it uses, and is told which there are', () => {
    const text = 'applications:\n  tenants:\n    - { name: a, var: { db: x }, env: { URL: "${bd}" } }'
    expect(errorsOf(text)).toMatch(/^navigator.yml:3:46 .*tenant "a": env.URL needs \$\{bd\}.*\n.*var has db/)
  })

  test('is counted, not repeated, when many lack the same value', () => {
    const text = 'applications: { env: { URL: "${db}" }, tenants: [{ path: /a }, { path: /b }, { path: /c }] }'
    expect(errorsOf(text).match(/NAV_CONFIG_INVALID/g)).toHaveLength(1)
    expect(errorsOf(text)).toContain('(3 tenants)')
  })
})

test.each([
  ['"X Y": 1', 'whose name cannot be this'],
  ['"X-Own": "a\\nSet-Cookie: b=c"', 'cannot stand in a header'],
])('a header that would break an answer is refused: %s', (header, reason) => {
  const text = `server: { health_check: { path: /up, response: { headers: { ${header} } } } }`
  expect(refusalOf(text)).toContain(reason)
})

const refusalOf = (text: string): string => {
  try {
    readConfig(text, { file: 'navigator.yml', env: {}, cwd: '/srv' })
    return 'it is taken'
  } catch (error) {
    return String(error)
  }
}

describe('an error', () => {
  test('never shows what a variable holds', () => {
    const env = { SECRET: 'hunter2' }
    const text = `
server: { listen: "\${SECRET}", workers: "\${SECRET}" }
managed_processes: [{ name: a, command: b, start_delay: "\${SECRET}", env: [hunter2] }]
applications:
  env: hunter2
  tenants: [{ name: a, var: { x: "\${SECRET}" }, idle_timeout: "\${x}", host: "\${x}!", env: { PASSWORD: [hunter2] } }]`
    expect(errorsOf(text, env).match(/NAV_CONFIG_INVALID/g)).toHaveLength(8)
    expect(errorsOf(text, env)).not.toContain('hunter2')
  })
})
