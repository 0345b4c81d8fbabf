/** Has a CGI script answer a request (RFC 3875): the body streams in, the answer streams out. */
import type { ServerResponse } from 'node:http'
import { basename } from 'node:path'
import type { Readable } from 'node:stream'
import type { CgiScriptConfig } from '../../src/config/config.ts'
import { decideInTime } from '../pipeline.ts'
import { errorAnswer } from '../responses.ts'
import { sendAnswer } from './answer.ts'
import { carryOut, type Errand } from './carry.ts'
import { createHeadReader, type HeadFault, type ScriptHead } from './cgi-head.ts'
import { type ScriptExit, type ScriptProcess, startScript } from './cgi-process.ts'
import { relayRaw } from './cgi-raw.ts'
import { relayBody } from './cgi-relay.ts'
import type { Passage } from './passage.ts'
import { readTarget } from './request-head.ts'

/** How long the exit of a script that has closed its output is waited for. */
const EXIT_WAIT_MS = 1_000
const REDIRECTS_LIMIT = 10

/** One request's script. */
export type ScriptErrand = {
  readonly passage: Passage
  readonly response: ServerResponse
  readonly script: CgiScriptConfig
  readonly process: ScriptProcess
}

/** Ends when the answer has been made; the script may outlast it, its time limit goes on. */
export const carryToScript = async (errand: Errand, script: CgiScriptConfig): Promise<void> => {
  const { passage, response } = errand
  const process = await start(errand, script)
  if (process === undefined) return
  passage.responseType = 'cgi'
  const work: ScriptErrand = { passage, response, script, process }
  // A script is ended with its client, unless the client has all there is.
  passage.onceOver(() => {
    if (!response.writableEnded) process.end()
  })
  void reloadAfter(errand, work)
  feed(work)
  if (basename(script.script).startsWith('nph-')) await relayRaw(work)
  else await answerByScript(errand, work)
}

const start = async ({ passage, response, carrier }: Errand, script: CgiScriptConfig): Promise<ScriptProcess | undefined> => {
  try {
    return await startScript(passage, script, carrier.post)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    carrier.post({ type: 'cgi.failed', script: script.script, reason })
    const answer = errorAnswer(passage.exchange, 500, { errorMessage: `${script.script} could not be run: ${reason}` })
    sendAnswer(passage, response, answer, { close: false })
    return undefined
  }
}

/** Its configuration is only worth a look when it has succeeded. */
const reloadAfter = async ({ carrier }: Errand, { script, process }: ScriptErrand): Promise<void> => {
  const { code } = await process.exited
  if (code === 0 && script.reload_config !== undefined) carrier.post({ type: 'config.reloadRequested', file: script.reload_config })
}

const feed = ({ passage, response, process }: ScriptErrand): void => {
  const { request } = passage
  // It may well end without having read all of it. What is left is read to nowhere, so that the next request can be.
  process.stdin.on('error', () => {})
  process.stdin.once('close', () => {
    request.unpipe(process.stdin)
    request.resume()
  })
  if (passage.expectsContinue) response.writeContinue()
  request.pipe(process.stdin)
}

const answerByScript = async (errand: Errand, work: ScriptErrand): Promise<void> => {
  const { passage, process } = work
  const head = await readHead(process.stdout)
  if (passage.isOver) return
  if (head.kind === 'fault') return fail(work, head.reason)
  if (head.isUnfinished && (await exitOf(process)).code !== 0) return fail(work, 'it ended in its head')
  if (head.localRedirect !== undefined) return followLocally(errand, work, head.localRedirect)
  await relayBody(work, head, () => exitOf(process))
}

type Head = (ScriptHead & { readonly isUnfinished?: boolean }) | HeadFault

/** Leaves the stream paused at the first octet of the body. */
const readHead = (stdout: Readable): Promise<Head> => {
  const reader = createHeadReader()
  const { promise, resolve } = Promise.withResolvers<Head>()
  const settle = (head: Head): void => {
    stdout.off('data', take).off('close', atClose).pause()
    resolve(head)
  }
  const take = (chunk: Buffer): void => {
    const rest = reader.push(chunk)
    if (rest === undefined) return
    if (rest !== 'too long') stdout.pause().unshift(rest)
    settle(rest === 'too long' ? { kind: 'fault', reason: 'its head is longer than 64 KiB' } : reader.read())
  }
  const atClose = (): void => {
    const head = reader.read()
    settle(head.kind === 'head' ? { ...head, isUnfinished: true } : head)
  }
  stdout.on('data', take).once('close', atClose)
  return promise
}

/** Of a script whose output has ended. One that goes on without it is left to. */
const exitOf = async ({ exited }: ScriptProcess): Promise<ScriptExit> => {
  const { promise, resolve } = Promise.withResolvers<ScriptExit>()
  const timer = setTimeout(() => resolve({ code: 0, signal: null }), EXIT_WAIT_MS)
  const exit = await Promise.race([exited, promise])
  clearTimeout(timer)
  return exit
}

const fail = async ({ passage, response, script, process }: ScriptErrand, reason: string): Promise<void> => {
  const { code, signal } = await exitOf(process)
  process.end()
  process.stdout.destroy()
  const end = signal === null ? `exit code ${code}` : signal
  const [status, why] = process.isTimedOut ? [504, 'it took longer than its timeout'] : [500, `${reason} (${end})`]
  sendAnswer(passage, response, errorAnswer(passage.exchange, status, { errorMessage: `${script.script}: ${why}` }), { close: false })
}

/** `Location: /path` alone: the answer is what a GET of that path gives, without the client knowing (RFC 3875 §6.2.2). */
const followLocally = async (errand: Errand, work: ScriptErrand, location: string): Promise<void> => {
  const { passage, process } = work
  process.stdout.resume()
  passage.localRedirects += 1
  if (passage.localRedirects > REDIRECTS_LIMIT) return fail(work, `more than ${REDIRECTS_LIMIT} local redirects`)
  const target = readTarget(location.replace(/#.*/, ''))
  if (target === undefined) return fail(work, `its Location "${location}" is none`)
  passage.becomeGet(target)
  await carryOut(await decideInTime(passage.exchange), errand)
}
