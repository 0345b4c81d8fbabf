import { connect } from 'node:net'

const PROBE_LIMIT_MS = 5_000
const FIRST_DELAY_MS = 10
const LONGEST_DELAY_MS = 250
const HEAD_LIMIT_CHARACTERS = 64

/** Where to ask whether an app is ready, and until when. */
export type Probe = {
  readonly port: number
  /** Without one, an app that takes connections is ready. */
  readonly path: string | undefined
  readonly signal: AbortSignal
  /** The only status that will do. Default: any below 500. */
  readonly expectedStatus?: number | undefined
  /** Before the first question. Default: none. */
  readonly initialDelayMs?: number | undefined
  /** Between two questions. Default: short at first, longer later. */
  readonly intervalMs?: number | undefined
}

/**
 * Resolves when the app answers `path` on 127.0.0.1 as expected; a redirect counts and is not followed. Supervisor thread.
 * Asks at once, then again and again: while nobody listens every 10 ms (later every 0.5 % of the time passed, a refused connection
 * costs next to nothing), after an answer that was no yes 10 ms later, doubling to 250 ms.
 * @throws the signal's reason, and nothing else.
 */
export const awaitReadiness = async (probe: Probe): Promise<void> => {
  const since = performance.now()
  let politeMs = FIRST_DELAY_MS
  if (probe.initialDelayMs) await pause(probe.initialDelayMs, probe.signal)
  for (;;) {
    probe.signal.throwIfAborted()
    const answer = await ask(probe)
    probe.signal.throwIfAborted()
    if (answer === 'ready') return
    const refusedMs = Math.min(Math.max((performance.now() - since) / 200, FIRST_DELAY_MS), LONGEST_DELAY_MS)
    await pause(probe.intervalMs ?? (answer === 'refused' ? refusedMs : politeMs), probe.signal)
    if (answer === 'unready') politeMs = Math.min(politeMs * 2, LONGEST_DELAY_MS)
  }
}

type Answer = 'ready' | 'unready' | 'refused'

const ask = ({ port, path, signal, expectedStatus }: Probe): Promise<Answer> =>
  new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port })
    let head = ''
    let isConnected = false
    const abandon = () => socket.destroy()
    // Unreferenced nowhere: a probe ends within this limit whatever the app does.
    const limit = setTimeout(abandon, PROBE_LIMIT_MS)
    signal.addEventListener('abort', abandon, { once: true })
    socket.setEncoding('latin1')
    socket.on('connect', () => {
      isConnected = true
      if (path === undefined) {
        resolve('ready')
        socket.end()
        return
      }
      socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: navigator-readiness\r\nAccept: */*\r\nConnection: close\r\n\r\n`)
    })
    // What follows the status is read and dropped: cutting it off makes some app servers log a broken pipe.
    socket.on('data', (text: string) => {
      if (head.length >= HEAD_LIMIT_CHARACTERS) return
      head = (head + text).slice(0, HEAD_LIMIT_CHARACTERS)
      const answer = judge(head, expectedStatus)
      if (answer) resolve(answer)
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      clearTimeout(limit)
      signal.removeEventListener('abort', abandon)
      resolve(isConnected ? 'unready' : 'refused')
    })
  })

const judge = (head: string, expected: number | undefined): Answer | undefined => {
  const status = /^HTTP\/1\.[01] (\d{3})[ \r]/.exec(head)?.[1]
  if (status !== undefined) return (expected === undefined ? status < '500' : Number(status) === expected) ? 'ready' : 'unready'
  return head.length >= HEAD_LIMIT_CHARACTERS || head.includes('\n') ? 'unready' : undefined
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', wake)
      resolve()
    }
    const timer = setTimeout(wake, ms)
    signal.addEventListener('abort', wake, { once: true })
  })
