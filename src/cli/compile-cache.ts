import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

/**
 * Lets V8 keep compiled code between starts. Each thread asks for itself; call it before the code in question is loaded.
 * The cache lies in the user's own cache directory: in the shared temporary one, another user could leave code for us to run.
 */
export const useCompileCache = (): void => {
  const home = cacheHome()
  // Where it cannot be written, it reports a failure, which costs some milliseconds at each start and nothing else.
  if (home !== undefined) enableCompileCache({ directory: join(home, 'navigator', 'compile') })
}

/** A user of a container may have neither HOME nor an entry in the password file: `os.homedir()` would throw. */
const cacheHome = (): string | undefined => {
  const { XDG_CACHE_HOME, HOME } = process.env
  if (XDG_CACHE_HOME) return XDG_CACHE_HOME
  return HOME ? join(HOME, '.cache') : undefined
}
