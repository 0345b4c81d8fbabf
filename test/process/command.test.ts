import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { type Launch, resolveCommand } from '../../src/process/command.ts'

const top = mkdtempSync(join(tmpdir(), 'navigator-command-'))
afterAll(() => rmSync(top, { recursive: true }))

let made = 0
/** A directory with these files. */
const directory = (files: Record<string, string> = {}): string => {
  const root = join(top, String(made++))
  mkdirSync(root)
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), text)
  }
  return root
}
const resolve = (files: Record<string, string>, launch: Partial<Launch> = {}) =>
  resolveCommand({ root: directory(files), launch: { port_env_var: 'PORT', ...launch } }, 4321)
const argv = async (files: Record<string, string>, launch: Partial<Launch> = {}) => (await resolve(files, launch)).argv.join(' ')

const rails = { 'bin/rails': '', 'config.ru': '', 'package.json': '{}' }

test('Rails is found by bin/rails and bound to loopback', async () => {
  expect(await resolve(rails)).toEqual({
    argv: ['ruby', 'bin/rails', 'server', '-b', '127.0.0.1', '-p', '4321'],
    framework: 'rails',
    env: { PIDFILE: 'tmp/pids/navigator-4321.pid', PORT: '4321' },
  })
})

test('Django is found by manage.py', async () => {
  expect(await argv({ 'manage.py': '' })).toBe('python3 manage.py runserver 127.0.0.1:4321 --noreload')
})

test('a virtual environment beside a Python app is used', async () => {
  expect(await argv({ 'manage.py': '', '.venv/bin/python': '' })).toMatch(/^\.venv\/bin\/python manage\.py/)
})

test('a Rack app with a Gemfile runs under its bundle', async () => {
  expect(await argv({ 'config.ru': '', Gemfile: '' })).toBe('bundle exec puma -b tcp://127.0.0.1:4321 config.ru')
})

test('a Rack app without one runs under what is installed', async () => {
  expect(await argv({ 'config.ru': '' })).toMatch(/^(puma -b tcp:\/\/127\.0\.0\.1:4321|rackup --host 127\.0\.0\.1 --port 4321) config\.ru$/)
})

test.each([
  ['node server.mjs --quiet', 'server.mjs --quiet'],
  ['node --enable-source-maps dist/main.js', '--enable-source-maps dist/main.js'],
])('a start script that is only `%s` runs without npm', async (start, expected) => {
  const { argv, framework } = await resolve({ 'package.json': JSON.stringify({ scripts: { start } }) })
  expect(argv[0]).toMatch(/node$/)
  expect(argv.slice(1).join(' ')).toBe(expected)
  expect(framework).toBe('node')
})

test('any other start script runs by npm', async () => {
  expect(await argv({ 'package.json': '{"scripts":{"start":"next start && true"}}' })).toBe('npm start --silent')
})

test('a Node app without start script runs its main file, else the usual ones', async () => {
  expect(await argv({ 'package.json': '{"main":"lib/web.js"}', 'lib/web.js': '', 'server.js': '' })).toMatch(/node lib\/web\.js$/)
  expect(await argv({ 'package.json': '{}', 'server.js': '', 'app.js': '' })).toMatch(/node server\.js$/)
})

test('FastAPI and Flask are told apart by content', async () => {
  expect(await argv({ 'main.py': 'from fastapi import FastAPI\napi: FastAPI = FastAPI()\n' })).toBe(
    'python3 -m uvicorn main:api --host 127.0.0.1 --port 4321',
  )
  expect(await argv({ 'app.py': 'import flask\nweb = flask.Flask(__name__)\n' })).toBe(
    'python3 -m flask --app app:web run --host 127.0.0.1 --port 4321',
  )
})

test('the web line of a Procfile comes first, and becomes the process itself', async () => {
  expect((await resolve({ Procfile: 'worker: sidekiq\nweb: bundle exec puma -p $PORT\n', ...rails })).argv).toEqual([
    '/bin/sh',
    '-c',
    'exec bundle exec puma -p $PORT',
  ])
})

test.each(['cd web && node x.js', 'A=1 node x.js', 'exec node x.js'])(
  'a Procfile line that is no single command stays as it is: %s',
  async (line) => {
    expect((await resolve({ Procfile: `web: ${line}` })).argv).toEqual(['/bin/sh', '-c', line])
  },
)

test('a command wins over everything, the port put in its arguments', async () => {
  const launch = { command: 'bin/web', args: ['-p{{port}}', '${port}', '${PORT}'], framework: 'rails', runtime: 'ruby' }
  expect(await resolve(rails, launch)).toMatchObject({ argv: ['bin/web', '-p4321', '4321', '4321'], framework: 'command' })
})

test('a command of several words without args is a line', async () => {
  expect((await resolve({}, { command: 'bundle exec puma -p ${port}' })).argv).toEqual(['/bin/sh', '-c', 'exec bundle exec puma -p 4321'])
})

test('a program with a blank in its name is a program', async () => {
  const root = directory({ 'my app': '' })
  chmodSync(join(root, 'my app'), 0o755)
  expect((await resolveCommand({ root, launch: { command: './my app', port_env_var: 'PORT' } }, 1)).argv).toEqual(['./my app'])
})

test('runtime, server and args each replace that part of the framework', async () => {
  expect(await argv({}, { framework: 'rails', runtime: 'jruby' })).toBe('jruby bin/rails server -b 127.0.0.1 -p 4321')
  expect(await argv({}, { framework: 'rails', server: 'bin/puma' })).toBe('ruby bin/puma server -b 127.0.0.1 -p 4321')
  expect(await argv(rails, { args: ['server', '-p', '{{port}}'] })).toBe('ruby bin/rails server -p 4321')
})

test('a runtime by its path, with no framework named, is run alone', async () => {
  expect(await argv(rails, { runtime: './my-binary', args: ['{{port}}'] })).toBe('./my-binary 4321')
})

test('a runtime by its path that is the framework’s interpreter replaces just that', async () => {
  expect(await argv(rails, { runtime: '/opt/ruby/bin/ruby3.4' })).toBe('/opt/ruby/bin/ruby3.4 bin/rails server -b 127.0.0.1 -p 4321')
})

test('runtime and server run where no framework is found', async () => {
  expect(await argv({}, { runtime: 'deno', server: 'serve.ts', args: ['--port={{port}}'] })).toBe('deno serve.ts --port=4321')
})

test('the port is in the variable the app wants, and in PORT', async () => {
  expect((await resolve({}, { command: 'x', port_env_var: 'HTTP_PORT' })).env).toEqual({ PORT: '4321', HTTP_PORT: '4321' })
})

test('a directory that shows nothing is refused with what was looked for', async () => {
  await expect(resolve({ 'readme.md': '' })).rejects.toMatchObject({
    code: 'NAV_EXEC_FAILED',
    message: expect.stringMatching(/no command for tenant.*bin\/rails.*manage\.py.*config\.ru/),
    hint: expect.stringContaining('command'),
  })
})

test('a framework nobody knows is refused with those that are known', async () => {
  await expect(resolve({}, { framework: 'phoenix' })).rejects.toMatchObject({
    code: 'NAV_EXEC_FAILED',
    hint: expect.stringContaining('rails'),
  })
})

test('a framework whose files are missing is refused', async () => {
  await expect(resolve({}, { framework: 'node' })).rejects.toMatchObject({
    code: 'NAV_EXEC_FAILED',
    message: expect.stringContaining('start script'),
  })
})
