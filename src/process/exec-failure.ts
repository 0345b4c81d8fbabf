import { statSync } from 'node:fs'
import { NavigatorError } from '../errors.ts'
import { isErrno } from './errno.ts'
import type { ProcessSpec } from './run.ts'

/** NAV_EXEC_FAILED for a command the system would not start: what, where, the system's reason and what to do. */
export const execFailure = (spec: ProcessSpec, cause: unknown): NavigatorError => {
  const { reason, hint } = explain(spec, cause)
  const message = `${spec.name}: cannot run \`${spec.argv.join(' ')}\` in ${spec.cwd}: ${reason}`
  return new NavigatorError('NAV_EXEC_FAILED', message, { hint, cause })
}

type Explanation = { readonly reason: string; readonly hint: string }

const explain = (spec: ProcessSpec, cause: unknown): Explanation => {
  const command = spec.argv[0] ?? ''
  return directoryTrouble(spec.cwd) ?? commandTrouble(command, spec.env['PATH'], cause)
}

/** The system says ENOENT of the command when the directory is what is missing. */
const directoryTrouble = (cwd: string): Explanation | undefined => {
  try {
    if (statSync(cwd).isDirectory()) return undefined
    return { reason: 'the directory is not a directory (ENOTDIR)', hint: 'set root or working_dir to a directory' }
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES')) throw error
    if (error.code === 'EACCES') return { reason: 'the directory may not be entered (EACCES)', hint: `let navigator's user enter ${cwd}` }
    return { reason: `the directory does not exist (${error.code})`, hint: 'create it, or correct root or working_dir' }
  }
}

const commandTrouble = (command: string, path: string | undefined, cause: unknown): Explanation => {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : undefined
  if (code === 'ENOENT') {
    const reason = `${command || 'the command'} was not found (ENOENT)`
    if (command.includes('/')) return { reason, hint: 'check the path, and that the interpreter in its first line exists' }
    return { reason, hint: `install ${command}, give its full path, or add its directory to PATH (now ${path ?? 'not set'})` }
  }
  if (code === 'EACCES')
    return { reason: `${command} may not be executed (EACCES)`, hint: `chmod +x ${command}, or name its interpreter as the command` }
  const reason = `${cause instanceof Error ? cause.message : String(cause)}`
  return { reason, hint: 'a script needs a first line such as #!/bin/sh; a program must be built for this machine' }
}
