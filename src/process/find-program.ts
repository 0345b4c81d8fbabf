import { accessSync, constants } from 'node:fs'
import { delimiter, resolve } from 'node:path'
import { isErrno } from './errno.ts'
import { execFailure } from './exec-failure.ts'
import type { ProcessSpec } from './run.ts'

/** What the system would do with the name of a program: nothing, unless it is there. @throws NAV_EXEC_FAILED */
export const findProgram = (spec: ProcessSpec): void => {
  const command = spec.argv[0]!
  const places = command.includes('/')
    ? [spec.cwd]
    : (spec.env['PATH'] ?? '/usr/bin:/bin').split(delimiter).map((path) => resolve(spec.cwd, path))
  const troubles = places.map((place) => troubleWith(resolve(place, command)))
  if (!troubles.includes(undefined)) throw execFailure(spec, troubles.find((trouble) => isErrno(trouble, 'EACCES')) ?? troubles[0])
}

const troubleWith = (path: string): unknown => {
  try {
    accessSync(path, constants.X_OK)
    return undefined
  } catch (error) {
    return error
  }
}
