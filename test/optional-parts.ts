import { spawnSync } from 'node:child_process'

/** Something a test can use if the machine has it. `found` is its version, or undefined. */
export type OptionalPart = { readonly name: string; readonly found: string | undefined }

const firstLine = (command: string, args: readonly string[]): string | undefined => {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', timeout: 20_000 })
  if (status === null || (status !== 0 && command !== 'wrk')) return undefined
  return (stdout.trim() || stderr.trim()).split('\n')[0]?.trim()
}

/** Whether Puma, Rack and SQLite work from Ruby here, and which Puma. */
export const findRuby = (): string | undefined =>
  firstLine('ruby', [
    '-e',
    'require "rack"; require "sqlite3"; require "puma"; puts "puma #{Puma::Const::PUMA_VERSION}, ruby #{RUBY_VERSION}"',
  ])

/** Path of a Python that has Django: Debian's own first, since another may stand before it on PATH. */
export const findDjangoPython = (): string | undefined =>
  ['/usr/bin/python3', 'python3'].find((python) => firstLine(python, ['-c', 'import django; print(django.__version__)']) !== undefined)

/** Path or name of a Chromium. */
export const findBrowser = (): string | undefined =>
  ['chromium', 'chromium-browser', 'google-chrome'].find((browser) => firstLine(browser, ['--version']) !== undefined)

/** `wrk`, for load. */
export const findWrk = (): string | undefined => firstLine('wrk', ['--version'])

/** HAProxy, as a proxy in front that says who its clients are. */
export const findHaproxy = (): string | undefined => firstLine('haproxy', ['-v'])

/** Everything optional that tests use, with what was found of it. */
export const optionalParts = (): readonly OptionalPart[] => [
  { name: 'Ruby and Puma', found: findRuby() },
  { name: 'Django', found: findDjangoPython() },
  { name: 'a browser', found: findBrowser() },
  { name: 'wrk', found: findWrk() },
  { name: 'HAProxy', found: findHaproxy() },
]
