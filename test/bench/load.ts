import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Crew } from './crew.ts'
import type { Workload } from './workloads.ts'

/** What wrk saw in one round. */
export type LoadResult = {
  /** Complete responses. */
  readonly requests: number
  readonly seconds: number
  /** Bytes read, heads and unfinished responses too. */
  readonly bytes: number
  readonly p50Micros: number
  readonly p99Micros: number
  /** Connections refused or cut, timeouts, answers of 400 and above. 0 in an honest round. */
  readonly errors: number
}

/** One round of load. */
export type Load = { readonly port: number; readonly workload: Workload; readonly connections: number; readonly seconds: number }

/** Writes wrk's scripts into the directory and gives a function that runs one round of load with one wrk thread. */
export const createLoadGenerator = (crew: Crew, directory: string): ((load: Load) => Promise<LoadResult>) => {
  const output = join(directory, 'wrk.txt')
  const script = (workload: Workload): string => {
    const file = join(directory, `${workload.name}.lua`)
    writeFileSync(file, luaOf(workload))
    return file
  }
  return async (load) => {
    const args = ['-t1', `-c${load.connections}`, `-d${Math.ceil(load.seconds)}s`, '--timeout', '30s', '-s', script(load.workload)]
    const url = `http://127.0.0.1:${load.port}${load.workload.path}`
    rmSync(output, { force: true })
    await crew.start({ program: 'wrk', args: [...args, url], directory, output }).ended
    const said = readFileSync(output, 'utf8')
    const line = /^BENCH (.*)$/m.exec(said)?.[1]
    if (line === undefined) throw new Error(`wrk said nothing usable:\n${said}`)
    return JSON.parse(line) as LoadResult
  }
}

const luaOf = ({ method, headers, bodyBytes }: Workload): string => `
wrk.method = "${method}"
${Object.entries(headers)
  .map(([name, value]) => `wrk.headers[${JSON.stringify(name)}] = ${JSON.stringify(value)}`)
  .join('\n')}
${bodyBytes > 0 ? `wrk.body = string.rep("x", ${bodyBytes})` : ''}
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format('\\nBENCH {"requests":%d,"seconds":%f,"bytes":%d,"p50Micros":%d,"p99Micros":%d,"errors":%d}\\n',
    summary.requests, summary.duration / 1e6, summary.bytes, latency:percentile(50), latency:percentile(99),
    e.connect + e.read + e.write + e.status + e.timeout))
end
`
