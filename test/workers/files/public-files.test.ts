import { mkdirSync, renameSync, rmSync, symlinkSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { StaticFilesConfig } from '../../../src/config/config.ts'
import { createPublicFiles } from '../../../workers/files/public-files.ts'
import { makeDirectory, staticConfig } from './site.ts'

type Files = Readonly<Record<string, string | Buffer>>

const open = (files: Files, overrides: Partial<StaticFilesConfig> = {}, rootPath = '') => {
  const directory = makeDirectory(files)
  const clock = { now: Date.now() + 60_000 }
  const config = staticConfig({ public_dir: directory.path, ...overrides })
  const publicFiles = createPublicFiles(config, { rootPath, now: () => clock.now })
  const representations = (path: string) => {
    const found = publicFiles.find(path)
    return found.kind === 'file' ? found.representations : []
  }
  return {
    ...directory,
    publicFiles,
    clock,
    representations,
    nameAt: (path: string) => representations(path)[0]?.path.slice(directory.path.length),
    headerOf: (path: string, name: string) => representations(path)[0]?.headers.find(([field]) => field === name)?.[1],
    bodyAt(path: string) {
      const [file] = representations(path)
      return file && publicFiles.memory.body(file)?.toString()
    },
  }
}

describe('a path', () => {
  test('with an extension is the file of that name', () => {
    using site = open({ 'a/b.html': 'x' })
    expect(site.nameAt('/a/b.html')).toBe('/a/b.html')
  })

  test('below a file, too long, or of a directory is a miss', () => {
    using site = open({ 'a.html': 'x', 'dir.d/x': '' })
    for (const path of ['/a.html/b.css', `/${'a'.repeat(250)}.html`, '/dir.d', '/a.html/']) expect(site.nameAt(path), path).toBeUndefined()
  })

  test('without extension is looked for only when try_files is set', () => {
    using site = open({ about: 'x' })
    using trying = open({ about: 'x' }, { try_files: ['.html'] })
    expect(site.nameAt('/about')).toBeUndefined()
    expect(trying.nameAt('/about')).toBe('/about')
  })

  test('of .well-known needs no extension', () => {
    using site = open({ '.well-known/token': 'x' }, { allowed_extensions: ['html'] })
    expect(site.nameAt('/.well-known/token')).toBe('/.well-known/token')
  })

  test('is completed by the first ending that fits, the exact name before all', () => {
    using site = open(
      { 'a.html': '', 'a.htm': '', b: '', 'b.html': '', 'c/index.html': '', 'index.html': '' },
      { try_files: ['index.html', '.htm', '.html'] },
    )
    expect(['/a', '/b', '/c', '/c/', '/', '/d'].map(site.nameAt)).toEqual([
      '/a.htm',
      '/b',
      undefined,
      '/c/index.html',
      '/index.html',
      undefined,
    ])
  })

  test('of a directory with an index is told from that with a slash', () => {
    using site = open({ 'c/index.html': '', 'd/x': '' }, { normalize_trailing_slashes: true })
    expect(site.publicFiles.find('/c').kind).toBe('directory')
    expect(site.publicFiles.find('/d').kind).toBe('nothing')
  })

  test('has the root path taken off', () => {
    using site = open({ 'a.css': '' }, {}, '/showcase/')
    expect(site.nameAt('/showcase/a.css')).toBe('/a.css')
    expect(site.nameAt('/a.css')).toBe('/a.css')
  })

  test('below a directory of its own is looked for there', () => {
    using site = open({ 'dist/app.js': '' }, { directories: [{ path: '/assets/', dir: 'dist/', cache: 3_600_000 }] })
    expect(site.nameAt('/assets/app.js')).toBe('/dist/app.js')
    expect(site.headerOf('/assets/app.js', 'Cache-Control')).toBe('public, max-age=3600')
  })

  test('that no pattern of `paths` fits is a miss', () => {
    using site = open({ 'a.css': '', 'assets/a.css': '' }, { paths: ['/assets/*'] })
    expect(['/a.css', '/assets/a.css'].map(site.nameAt)).toEqual([undefined, '/assets/a.css'])
  })

  test('with an extension that is not allowed is a miss, whatever its case', () => {
    using site = open({ 'a.CSS': '', 'a.rb': '' }, { allowed_extensions: ['css'] })
    expect(['/a.CSS', '/a.rb'].map(site.nameAt)).toEqual(['/a.CSS', undefined])
  })

  test('of a tenant with a directory of its own is looked for there first', () => {
    using own = makeDirectory({ 'a.css': 'own' })
    using site = open({ 'boston/a.css': 'shared', 'boston/b.css': 'shared' })
    const owner = { name: 'boston', path: '/boston/', public_dir: own.path }
    const pathOf = (path: string) => {
      const found = site.publicFiles.find(path, owner)
      return found.kind === 'file' ? found.representations[0]!.path : undefined
    }
    expect(pathOf('/boston/a.css')).toBe(join(own.path, 'a.css'))
    expect(pathOf('/boston/b.css')).toBe(join(site.path, 'boston/b.css'))
  })
})

describe('a symbolic link', () => {
  test('out of the directory is followed by default, as deployments with shared directories need', () => {
    using shared = makeDirectory({ 'app.js': '' })
    using site = open({})
    symlinkSync(shared.path, join(site.path, 'assets'))
    expect(site.nameAt('/assets/app.js')).toBe('/assets/app.js')
  })

  test('out of the directory is a miss with follow_symlinks: false', () => {
    using outside = makeDirectory({ 'secret.txt': '' })
    using site = open({}, { follow_symlinks: false })
    symlinkSync(outside.path, join(site.path, 'dir'))
    symlinkSync(join(outside.path, 'secret.txt'), join(site.path, 'a.txt'))
    expect(site.nameAt('/dir/secret.txt')).toBeUndefined()
    expect(site.nameAt('/a.txt')).toBeUndefined()
  })

  test('that stays inside is followed even so, and so is one that leads to the directory', () => {
    using site = open({ 'b.txt': '' })
    symlinkSync('b.txt', join(site.path, 'a.txt'))
    using links = makeDirectory({})
    symlinkSync(site.path, join(links.path, 'current'))
    const config = staticConfig({ public_dir: join(links.path, 'current'), follow_symlinks: false })
    expect(createPublicFiles(config, { rootPath: '' }).find('/a.txt').kind).toBe('file')
  })
})

describe('what is said of a file', () => {
  test('is its type by a table of our own, in UTF-8 where it is text', () => {
    using site = open({ 'a.css': '', 'a.js': '', 'a.svg': '', 'a.woff2': '', 'a.unknown': '' })
    const types = ['/a.css', '/a.js', '/a.svg', '/a.woff2', '/a.unknown'].map((path) => site.headerOf(path, 'Content-Type'))
    expect(types).toEqual([
      'text/css; charset=utf-8',
      'text/javascript; charset=utf-8',
      'image/svg+xml',
      'font/woff2',
      'application/octet-stream',
    ])
  })

  test('is the age of the longest prefix; one without an age takes the header away', () => {
    using site = open(
      { 'a.css': '', 'assets/a.css': '', 'assets/x/a.css': '' },
      {
        cache_control: {
          default: 60_000,
          default_immutable: true,
          overrides: [
            { path: '/assets/x/', immutable: false },
            { path: '/assets/', max_age: 86_400_000, immutable: false },
          ],
        },
      },
    )
    const values = ['/a.css', '/assets/a.css', '/assets/x/a.css'].map((path) => site.headerOf(path, 'Cache-Control'))
    expect(values).toEqual(['public, max-age=60, immutable', 'public, max-age=86400', undefined])
  })

  test('is that no shared cache may keep what a password was asked for', () => {
    using site = open({ 'a.css': '' }, { cache_control: { default: 60_000, default_immutable: true, overrides: [] } })
    const guarded = site.publicFiles.find('/a.css', undefined, true)
    const headers = guarded.kind === 'file' ? guarded.representations[0]!.headers : []
    expect(headers).toContainEqual(['Cache-Control', 'private, max-age=60, immutable'])
    expect(site.headerOf('/a.css', 'Cache-Control')).toBe('public, max-age=60, immutable')
  })

  test('is that it varies when a compressed one lies beside it', () => {
    using site = open({ 'a.js': 'x', 'a.js.gz': 'z', 'b.js': 'x' })
    expect(site.headerOf('/a.js', 'Vary')).toBe('Accept-Encoding')
    expect(site.headerOf('/b.js', 'Vary')).toBeUndefined()
  })

  test('is another entity tag for each form and after each change', () => {
    using site = open({ 'a.js': 'one', 'a.js.gz': 'two' })
    const tags = () => site.representations('/a.js').map((file) => file.facts.etag)
    const first = tags()
    site.write('a.js', 'eno')
    utimesSync(join(site.path, 'a.js'), new Date(0), new Date(Date.now() - 5_000))
    site.clock.now += 1_000
    expect(new Set([...first, ...tags()]).size).toBe(3)
  })

  test('is what the configuration adds', () => {
    using site = open({ 'a.css': '' }, { headers: { cache_control: 'no-cache', 'X-Own': 'yes' } })
    expect(site.headerOf('/a.css', 'cache-control')).toBe('no-cache')
    expect(site.headerOf('/a.css', 'X-Own')).toBe('yes')
  })
})

describe('what is remembered', () => {
  test('is looked at again after a second, and not before', () => {
    using site = open({ 'a.txt': 'one' })
    expect(site.bodyAt('/a.txt')).toBe('one')
    site.write('a.txt', 'other')
    site.clock.now += 999
    expect(site.bodyAt('/a.txt')).toBe('one')
    site.clock.now += 1
    expect(site.bodyAt('/a.txt')).toBe('other')
  })

  test('is a removed file no longer than a second, and a new one neither', () => {
    using site = open({ 'a.txt': 'one' })
    expect([site.nameAt('/a.txt'), site.nameAt('/b.txt')]).toEqual(['/a.txt', undefined])
    renameSync(join(site.path, 'a.txt'), join(site.path, 'b.txt'))
    site.clock.now += 1_000
    expect([site.nameAt('/a.txt'), site.nameAt('/b.txt')]).toEqual([undefined, '/b.txt'])
  })

  test('is not sent for a file that has changed since it was looked at', () => {
    using site = open({ 'a.txt': 'one' })
    const [file] = site.representations('/a.txt')
    site.write('a.txt', 'three')
    expect(site.publicFiles.memory.message(file!, site.clock.now)).toBeUndefined()
    expect(site.bodyAt('/a.txt')).toBe('three')
  })

  test('is read again while a file is so young that it may have changed unseen', () => {
    using site = open({ 'a.txt': 'one' })
    site.clock.now = Date.now()
    expect(site.bodyAt('/a.txt')).toBe('one')
    const [file] = site.representations('/a.txt')
    site.publicFiles.memory.keep(file!)
    rmSync(join(site.path, 'a.txt'))
    expect(site.publicFiles.memory.body(file!)).toBeUndefined()
  })

  test('bears the date of its second, in octets of its own', () => {
    using site = open({ 'a.txt': 'one' })
    const [file] = site.representations('/a.txt')
    const first = site.publicFiles.memory.message(file!, Date.UTC(2026, 0, 1))!
    const second = site.publicFiles.memory.message(file!, Date.UTC(2026, 0, 1, 0, 0, 1))!
    expect(first.toString()).toContain('Date: Thu, 01 Jan 2026 00:00:00 GMT\r\n')
    expect(second.toString()).toContain('Date: Thu, 01 Jan 2026 00:00:01 GMT\r\n')
  })

  test('stays within its limit, the least recently kept going first', () => {
    const files = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`${i}.txt`, Buffer.alloc(10_000, `${i}`)]))
    using site = open(files, { memory: 100_000 })
    for (let i = 0; i < 20; i++) expect(site.bodyAt(`/${i}.txt`)).toHaveLength(10_000)
    const [oldest] = site.representations('/0.txt')
    const [newest] = site.representations('/19.txt')
    rmSync(site.path, { recursive: true })
    mkdirSync(site.path)
    expect(site.publicFiles.memory.body(newest!)).toHaveLength(10_000)
    expect(site.publicFiles.memory.body(oldest!)).toBeUndefined()
  })

  test('is nothing larger than 256 KB, and nothing at all without memory', () => {
    using site = open({ 'a.bin': Buffer.alloc(256 * 1024 + 1), 'b.bin': Buffer.alloc(256 * 1024) })
    using bare = open({ 'a.txt': 'one' }, { memory: 0 })
    expect(site.bodyAt('/a.bin')).toBeUndefined()
    expect(site.bodyAt('/b.bin')).toHaveLength(256 * 1024)
    expect(bare.bodyAt('/a.txt')).toBeUndefined()
  })

  test('are not endless misses, which leave the files alone', () => {
    using site = open({ 'a.txt': 'one' })
    const [file] = site.representations('/a.txt')
    site.publicFiles.memory.body(file!)
    for (let i = 0; i < 10_000; i++) site.publicFiles.find(`/${i}.txt`)
    expect(site.representations('/a.txt')[0]).toBe(file)
  })
})
