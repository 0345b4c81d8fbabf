import { Agent, request } from 'node:http'
import { describe, expect, test } from 'vitest'
import { renderMetrics } from '../../src/inspect/metrics.ts'
import { createRecorder } from '../../src/inspect/recorder.ts'
import { createTraffic, quantileOf } from '../../src/inspect/traffic.ts'
import { BOUNDS_MS } from '../../src/protocol/traffic.ts'
import { createTally } from '../../workers/tally.ts'
import { startNavigator } from '../end-to-end/harness.ts'
import { portRange, tenant } from '../end-to-end/site.ts'

const LINE =
  /^(?:# (?:HELP|TYPE) navigator_[a-z_]+ .+|navigator_[a-z_]+(?:\{[a-z]+="(?:[^"\\\n]|\\["\\n])*"(?:,[a-z]+="(?:[^"\\\n]|\\["\\n])*")*\})? \S+)$/

/** The rules of promtool: a type before its samples, each family once, numbers that are numbers, buckets that only grow. */
const checkFormat = (text: string): void => {
  expect(text.endsWith('\n')).toBe(true)
  const typed = new Set<string>()
  for (const line of text.trimEnd().split('\n')) {
    expect(line).toMatch(LINE)
    const [, type] = /^# TYPE (\S+)/.exec(line) ?? []
    if (type) {
      expect(typed.has(type), `${type} twice`).toBe(false)
      typed.add(type)
    } else if (!line.startsWith('#')) {
      const name = /^\w+/.exec(line)![0].replace(/_(bucket|sum|count)$/, '')
      expect(typed.has(name) || typed.has(/^\w+/.exec(line)![0]), `${line} before its type`).toBe(true)
      expect(Number.isNaN(Number(line.split(' ').at(-1)))).toBe(false)
    }
  }
}

const sampleOf = (text: string, start: string): number =>
  Number(
    text
      .split('\n')
      .find((line) => line.startsWith(start))
      ?.split(' ')
      .at(-1) ?? 0,
  )

describe('metrics', () => {
  test('are written as Prometheus reads them, whatever a tenant is called', () => {
    const traffic = createTraffic()
    const tally = createTally(traffic.add)
    tally.count({ tenant: 'a"b\\c\nd', status: 200, requestTimeMs: 3 })
    tally.count({ status: 404, requestTimeMs: 20_000 })
    tally.flush()
    const text = renderMetrics({
      ps: { pid: 1, startedAt: 0, configFile: 'x', address: { host: '::', port: 1 }, rows: [] },
      traffic,
      recorder: createRecorder(),
      losses: { stdoutDropped: 0, fileDropped: 0, vectorDropped: 3, vectorSent: 4 },
      reloads: 2,
      loopDelayMs: 1.5,
    })
    checkFormat(text)
    expect(text).toContain('navigator_requests_total{tenant="a\\"b\\\\c\\nd",status="2xx"} 1\n')
    expect(text).toContain('navigator_request_duration_seconds_bucket{tenant="",le="10"} 0\n')
    expect(text).toContain('navigator_request_duration_seconds_bucket{tenant="",le="+Inf"} 1\n')
    expect(text).toContain('navigator_log_lines_dropped_total{destination="vector"} 3\n')
  })

  test('tell what share of requests stayed below', () => {
    const histogram = BOUNDS_MS.map(() => 0)
    histogram[3] = 100 // 5 to 10 ms
    expect(quantileOf([...histogram, 0], 0.5)).toBeCloseTo(7.5)
    expect(quantileOf([0, 0], 0.5)).toBe(0)
  })

  test('agree with the access log after 10,000 requests', { timeout: 120_000 }, async () => {
    await using site = await startNavigator({
      config: {
        server: { workers: 2, metrics: { listen: '127.0.0.1:0' } },
        applications: { pools: portRange(), tenants: [tenant('boston'), tenant('chicago')] },
      },
    })
    await Promise.all([site.get('/boston/'), site.get('/chicago/')])
    const agent = new Agent({ keepAlive: true, maxSockets: 16 })
    const ask = (path: string) =>
      new Promise<void>((resolve, reject) => {
        request({ host: '127.0.0.1', port: site.port, path, agent }, (response) => response.resume().on('end', resolve))
          .on('error', reject)
          .end()
      })
    const paths = ['/boston/', '/boston/x', '/chicago/', '/nowhere']
    await Promise.all(
      Array.from({ length: 16 }, async (_, lane) => {
        for (let n = lane; n < 9_998; n += 16) await ask(paths[n % 4]!)
      }),
    )
    agent.destroy()
    const { port } = JSON.parse(await site.logged('metrics served'))
    const scrape = async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
    const total = (text: string) =>
      [...text.matchAll(/^navigator_requests_total\{.*\} (\d+)$/gm)].reduce((sum, [, count]) => sum + Number(count), 0)
    let text = await scrape()
    for (const end = Date.now() + 10_000; total(text) < 10_000 && Date.now() < end; text = await scrape()) {
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    const records = site
      .log()
      .filter((line) => line.includes('"request_id"'))
      .map((line) => JSON.parse(line))
    expect(records).toHaveLength(10_000)
    for (const name of ['boston', 'chicago', '']) {
      const own = records.filter((record) => (record.tenant ?? '') === name)
      for (const hundreds of [2, 4, 5]) {
        const count = own.filter(({ status }) => Math.floor(status / 100) === hundreds).length
        expect(sampleOf(text, `navigator_requests_total{tenant="${name}",status="${hundreds}xx"}`), `${name} ${hundreds}xx`).toBe(count)
      }
      expect(sampleOf(text, `navigator_request_duration_seconds_count{tenant="${name}"}`)).toBe(own.length)
    }
    checkFormat(text)
    expect(sampleOf(text, 'navigator_cold_starts_total{tenant="boston"}')).toBe(1)
    expect((await site.command('metrics')).stdout).toMatch(/^navigator_state\{kind="tenant",name="boston",state="(ready|idle)"\} 1$/m)
  })
})
