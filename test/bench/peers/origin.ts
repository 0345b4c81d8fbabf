import { join } from 'node:path'
import { type Bench, findFreePort, makeRoom } from '../bench.ts'
import type { CrewMember } from '../crew.ts'
import { untilAnswered } from '../request.ts'

/** The program of the app behind the proxies. */
export const originFile = (bench: Bench): string => join(bench.checkout, 'test/bench/programs/origin.ts')

/** Starts the app as a process of its own, for peers that do not start apps. */
export const startOrigin = async (bench: Bench): Promise<CrewMember & { readonly port: number }> => {
  const port = await findFreePort()
  const member = bench.crew.start({
    program: process.execPath,
    args: [originFile(bench)],
    directory: bench.directory,
    output: join(makeRoom(bench, 'origin'), 'output.log'),
    env: { PORT: String(port) },
  })
  await untilAnswered(port, '/1k', 10_000)
  return { ...member, port }
}
