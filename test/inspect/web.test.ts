/** The page of `navigator inspect --web`, in a real Chromium. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CHARTED, chartFor } from '../../src/inspect/statechart.ts'
import { layOut } from '../../src/inspect/web/layout.ts'
import { type Running, root, startNavigator, testEnvironment } from '../end-to-end/harness.ts'
import { portRange, tenant } from '../end-to-end/site.ts'

const CHROMIUM = '/usr/bin/chromium'

const view = async (site: Running, ...options: readonly string[]) => {
  const args = ['inspect', '--web', ...options, '-c', site.configFile]
  const child = spawn(join(root, 'bin/navigator'), args, { env: testEnvironment(site.directory), stdio: ['ignore', 'pipe', 'inherit'] })
  const [url] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  return {
    url,
    async [Symbol.asyncDispose]() {
      child.kill()
      await once(child, 'exit')
    },
  }
}

const statusOf = async (url: string, headers: Record<string, string> = {}, method = 'GET', body = ''): Promise<number> => {
  const outgoing = request(url, { method, headers, agent: false })
  outgoing.end(body)
  const [response] = await once(outgoing, 'response')
  response.resume()
  return response.statusCode
}

const config = (more: Readonly<Record<string, unknown>> = {}) => ({
  server: { workers: 1 },
  applications: { pools: portRange(), tenants: [tenant('boston', 'echo', more), tenant('broken', 'crash-loop')] },
})

describe('a drawing', () => {
  test.each(CHARTED)('of the %s machine has every state and every arrow, none outside', (kind) => {
    const chart = chartFor(kind)!
    const { boxes, lines, width, height } = layOut(chart)
    const count = (states: typeof chart.root.states): number => states.reduce((sum, { states: inner }) => sum + 1 + count(inner), 0)
    expect(boxes.filter((box) => box.kind === 'state' || box.kind === 'final')).toHaveLength(count(chart.root.states))
    for (const box of boxes) {
      expect(Math.min(box.x, box.y)).toBeGreaterThanOrEqual(0)
      expect(box.x + box.width).toBeLessThanOrEqual(width)
      expect(box.y + box.height).toBeLessThanOrEqual(height)
    }
    const drawn = lines.flatMap(({ arrows }) => arrows.map(({ from, to, event, guard }) => [from, to, event, guard].join('|')))
    const wanted = chart.arrows
      .filter(({ from, to }) => from !== to)
      .map(({ from, to, event, guard }) => [from, to, event, guard].join('|'))
    expect(new Set(drawn)).toEqual(new Set(wanted))
  })
})

describe('the page', () => {
  test('is for who has its address, under its own name, from its own origin', { timeout: 60_000 }, async () => {
    await using site = await startNavigator({ config: config() })
    await using page = await view(site)
    const { origin, searchParams } = new URL(page.url)
    const token = `?token=${searchParams.get('token')}`
    expect(await statusOf(page.url)).toBe(200)
    expect(await statusOf(`${origin}/`)).toBe(403)
    expect(await statusOf(`${origin}/?token=${'x'.repeat(24)}`)).toBe(403)
    expect(await statusOf(page.url, { host: 'evil.example' })).toBe(403)
    expect(await statusOf(page.url, { origin: 'http://evil.example' })).toBe(403)
    expect(await statusOf(`${origin}/order${token}`, { origin }, 'POST', '{"verb":"start","name":"boston"}')).toBe(409)
    expect((await site.ps()).rows[0]!.state).toBe('stopped')
  })

  test('that may give orders takes them from itself only', { timeout: 60_000 }, async () => {
    await using site = await startNavigator({ config: config() })
    await using page = await view(site, '--allow-control')
    const { origin, search } = new URL(page.url)
    const order = '{"verb":"start","name":"boston"}'
    expect(await statusOf(`${origin}/order${search}`, {}, 'POST', order)).toBe(409)
    expect(await statusOf(`${origin}/order${search}`, { origin }, 'POST', order)).toBe(200)
  })
})

describe.skipIf(!existsSync(CHROMIUM))('in a browser', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
  })
  afterAll(() => browser.close())

  const isShown = async (page: Page, path: string) => {
    await page.waitForSelector(`#chart .active[data-path="${path}"]`, { timeout: 20_000 })
    expect(await page.locator('#state').getAttribute('data-path')).toBe(path)
  }

  test('the drawn state is the machine’s, through a cold start, an idle stop and a crash', { timeout: 90_000 }, async () => {
    await using site = await startNavigator({ config: config({ idle_timeout: '2s' }) })
    await using shown = await view(site)
    const page = await browser.newPage()
    const errors: string[] = []
    page.on('pageerror', (error) => errors.push(error.message))
    await page.goto(shown.url)
    await page.waitForSelector('[data-key="tenant/boston"].selected')
    expect((await site.get('/boston/')).status).toBe(200)
    await isShown(page, 'running.serving.ready')
    await isShown(page, 'running.serving.idle')
    await isShown(page, 'stopped')
    await expect.poll(() => page.locator('#why').textContent()).toContain('stopped: idle')
    expect(await page.locator('#steps tr').count()).toBeGreaterThan(5)
    void site.get('/broken/').catch(() => {})
    await page.click('[data-key="tenant/broken"]')
    await isShown(page, 'crashed')
    await expect.poll(() => page.locator('#log').textContent()).not.toBe('')
    expect(errors).toEqual([])
    await page.close()
  })
})
