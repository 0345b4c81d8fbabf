import { enableCompileCache } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'

/**
 * Lets V8 keep compiled code between starts. Each thread asks for itself; call it before the code in question is loaded.
 * The cache lies in the user's own cache directory: in the shared temporary one, another user could leave code for us to run.
 */
export const useCompileCache = (): void => {
  const home = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  // Without a writable home it reports a failure, which costs some milliseconds at each start and nothing else.
  enableCompileCache({ directory: join(home, 'navigator', 'compile') })
}
