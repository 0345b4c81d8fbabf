/** The program from its sources. The bundle has the same two steps in two files. */
import { useCompileCache } from './compile-cache.ts'

// First of all: until somebody listens for it, SIGUSR1 opens a debugger that every user of this machine can reach.
// Node's own --disable-sigusr1 would block the signal, which is to open log files anew.
process.on('SIGUSR1', () => {})
useCompileCache()
void import('./start.ts')
