import { describe, expect, test } from 'vitest'
import { extensionOf, fileNameOf } from '../../../workers/files/url-path.ts'

const refused = [
  '',
  'a',
  '/..',
  '/../etc/passwd',
  '/a/../b',
  '/a/./b',
  '/%2e%2e/etc/passwd',
  '/%2E%2E/etc/passwd',
  '/.%2e/etc/passwd',
  '/%2e/a',
  '/..%2fetc%2fpasswd',
  '/a%2fb',
  '/a%2Fb',
  '/..\\etc',
  '/a\\..\\b',
  '/a%5cb',
  '/a%5C..%5Cb',
  '/a%00.html',
  '/a\0.html',
  '/a%0d%0ab',
  '/a%7f',
  '/a%1b',
  '//etc/passwd',
  '/a//b',
  '/%c0%ae%c0%ae/etc/passwd',
  '/%e0%80%ae/etc/passwd',
  '/%uff0e%uff0e/etc',
  '/%',
  '/%2',
  '/%zz',
  '/.env',
  '/.git/config',
  '/a/.git/config',
  '/a/.env',
  '/%2eenv',
  '/a/.well-known/b',
  '/.well-known/.env',
  '/.well-knownx/a',
  `/${'a'.repeat(256)}`,
  `/${'a/'.repeat(600)}`,
]

const accepted: readonly (readonly [path: string, name: string])[] = [
  ['/', '/'],
  ['/a.html', '/a.html'],
  ['/a/b/', '/a/b/'],
  ['/a%20b.html', '/a b.html'],
  ['/%C3%A9t%C3%A9.html', '/été.html'],
  ['/a...b', '/a...b'],
  ['/a../b', '/a../b'],
  ['/.well-known/acme-challenge/token', '/.well-known/acme-challenge/token'],
]

describe('the name of a file', () => {
  test.each(refused)('is not made of %j', (path) => {
    expect(fileNameOf(path)).toBeUndefined()
  })

  test.each(accepted)('is made of %j', (path, name) => {
    expect(fileNameOf(path)).toBe(name)
  })

  test('is decoded once: what is left encoded is a letter of the name', () => {
    expect(fileNameOf('/%252e%252e/a')).toBe('/%2e%2e/a')
  })
})

test.each([
  ['/app.js', 'js'],
  ['/app.min.JS', 'JS'],
  ['/a.b/c', ''],
  ['/a.', ''],
  ['/a', ''],
])('the extension of %j is %j', (name, extension) => {
  expect(extensionOf(name)).toBe(extension)
})
