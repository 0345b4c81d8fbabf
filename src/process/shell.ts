/** Words a program name may follow with no help of a shell but splitting and variables. */
const SIMPLE = /^[\w@%+=:,./${}~"' \t-]+$/
const ASSIGNMENT = /^\s*\w+=/

/**
 * Runs one line of shell. A line that is one command becomes that command (`exec`), so that signals reach it and no shell stays behind.
 */
export const shellArgv = (line: string): readonly string[] => {
  const text = line.trim()
  return ['/bin/sh', '-c', SIMPLE.test(text) && !ASSIGNMENT.test(text) && !/^exec\s/.test(text) ? `exec ${text}` : text]
}
