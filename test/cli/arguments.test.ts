import { describe, expect, test } from 'vitest'
import { parseArguments } from '../../src/cli/arguments.ts'
import type { NavigatorError } from '../../src/errors.ts'

const asked = (...args: string[]) => {
  const { command, file } = parseArguments(args)
  return [command, file]
}

const refusal = (...args: string[]): NavigatorError => {
  try {
    parseArguments(args)
  } catch (error) {
    return error as NavigatorError
  }
  throw new Error('it was understood')
}

describe('command line', () => {
  test.each([
    [[], 'run', undefined],
    [['site.yml'], 'run', 'site.yml'],
    [['config/site'], 'run', 'config/site'],
    [['run', 'site'], 'run', 'site'],
    [['run', '-c', 'site.yml'], 'run', 'site.yml'],
    [['-c', 'site.yml'], 'run', 'site.yml'],
    [['check', 'site.yml'], 'check', 'site.yml'],
    [['--validate', 'site.yml'], 'check', 'site.yml'],
    [['-t', '-c', 'site.yml'], 'check', 'site.yml'],
    [['-s', 'reload'], 'reload', undefined],
    [['-s', 'stop'], 'stop', undefined],
    [['-s', 'quit', '-c', 'site.yml'], 'stop', 'site.yml'],
    [['ps', '--json'], 'ps', undefined],
    [['-h'], 'help', undefined],
    [['help'], 'help', undefined],
    [['-V'], 'version', undefined],
    [['-v'], 'version', undefined],
    [['--version'], 'version', undefined],
  ])('%j means %s of %s', (args, command, file) => {
    expect(asked(...args)).toEqual([command, file])
  })

  test.each([
    [['relaod'], '"relaod" is neither a command nor a file', 'did you mean reload?'],
    [['--jsn'], 'unknown option --jsn', 'did you mean --json?'],
    [['-x'], 'unknown option -x', 'see navigator --help'],
    [['-s', 'reloaf'], 'unknown signal "reloaf"', 'did you mean reload?'],
    [['-s'], '-s needs a value', 'see navigator --help'],
    [['--json=yes', 'ps'], '--json takes no value', 'see navigator --help'],
    [['stop', '--json'], 'stop has no --json', 'see navigator --help'],
    [['check', 'a.yml', 'b.yml'], 'check takes one configuration file; "b.yml" is one word too many', 'see navigator --help'],
    [['check', '-c', 'a.yml', 'b.yml'], 'check takes one configuration file; "b.yml" is one word too many', 'see navigator --help'],
    [['-s', 'constructor'], 'unknown signal "constructor"', 'see navigator --help'],
  ])('%j is refused', (args, message, hint) => {
    expect(refusal(...args)).toMatchObject({ code: 'NAV_USAGE', message, hint })
  })
})
