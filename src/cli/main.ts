/** The program from its sources. The bundle has the same two steps in two files. */
import { useCompileCache } from './compile-cache.ts'

useCompileCache()
void import('./start.ts')
