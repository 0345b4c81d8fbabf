import { describe, expect, test } from 'vitest'
import { ConfigError, readConfig } from '../../src/config/load.ts'
import { createPublisher } from '../../src/supervisor/publisher.ts'

const read = (text: string) => readConfig(text, { file: 'navigator.yml', env: {}, cwd: '/srv/site' }).config

const routesOf = (text: string) => {
  const config = read(text)
  return createPublisher({ config: () => config, standings: () => [], standing: () => undefined, tell() {} }).snapshot().tenants
}

/** All errors, as a person reads them. */
const errorsOf = (text: string): string => {
  try {
    read(text)
    return ''
  } catch (error) {
    if (error instanceof ConfigError) return String(error)
    throw error
  }
}

describe('a directory of static files', () => {
  test('is public, where navigator was started, unless the file says otherwise', () => {
    expect(read('server: {}').server.static.public_dir).toBe('/srv/site/public')
    expect(read('server: { static: { public_dir: dist } }').server.static.public_dir).toBe('/srv/site/dist')
    expect(read('server: { static: { public_dir: /var/www } }').server.static.public_dir).toBe('/var/www')
  })

  test('of a tenant is in its root; its own wins over that of its framework, which wins over that of all', () => {
    const routes = routesOf(`
applications:
  public_dir: public
  frameworks: { django: { static_dir: static } }
  tenants:
    - { name: a, root: /apps/a, public_dir: /srv/a }
    - { name: b, root: /apps/b, framework: django }
    - { name: c, root: /apps/c }
`)
    expect(routes.map(({ public_dir }) => public_dir)).toEqual(['/srv/a', '/apps/b/static', '/apps/c/public'])
  })
})

test('files a tenant may have sent are in directories relative to its root', () => {
  const tenants = 'applications: { tenants: [{ name: a, root: /apps/a }] }'
  expect(routesOf(`server: { static: { x_sendfile: [storage, /data] } }\n${tenants}`)[0]!.sendfile_roots).toEqual([
    '/apps/a/storage',
    '/data',
  ])
  expect(routesOf(tenants)[0]).not.toHaveProperty('sendfile_roots')
})

describe('a configuration', () => {
  test.each([
    ['{ cache_control: { default: soon } }', 'is not a duration'],
    ['{ headers: { X-A: "a\\nb" } }', 'cannot stand in a header'],
    ['{ memory: lots }', 'is not a size'],
    ['{ follow_links: true }', 'unknown key "follow_links"'],
  ])('with static: %s is refused', (text, problem) => {
    expect(errorsOf(`server: { static: ${text} }`)).toContain(problem)
  })

  test.each([
    ['true', true],
    ['false', false],
    ['{ minimum_size: 4K }', true],
  ])('with compression: %s has it %s', (text, enabled) => {
    expect(read(`server: { compression: ${text} }`).server.compression?.enabled).toBe(enabled)
  })

  test('with a compression type that is none is refused', () => {
    expect(errorsOf('server: { compression: { types: ["text html"] } }')).toContain('is not a media type')
  })
})
