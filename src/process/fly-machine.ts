import { NavigatorError } from '../errors.ts'

/** Longest answer of the API, in ms. */
const API_TIMEOUT_MS = 10_000
const LONGEST_REPLY_CHARACTERS = 2_000

/** Which machine of which app, and the Unix socket of the Machines API. */
export type FlyMachine = { readonly app: string; readonly machine: string; readonly socket: string }

/** The machine we run on, or undefined when it is none of Fly.io's. */
export const flyMachineOf = (env: NodeJS.ProcessEnv, socket: string): FlyMachine | undefined => {
  const { FLY_APP_NAME: app, FLY_MACHINE_ID: machine } = env
  return app && machine ? { app, machine, socket } : undefined
}

/**
 * Asks Fly.io to suspend or stop the machine we run on. Resolves with what it says once that is granted. Supervisor thread.
 * @throws NAV_HOST_FAILED when it is refused, or no answer comes within 10 s.
 */
export const askFlyMachine = async (
  action: 'suspend' | 'stop',
  { app, machine, socket }: FlyMachine,
  signal: AbortSignal,
): Promise<string> => {
  const path = `/v1/apps/${encodeURIComponent(app)}/machines/${encodeURIComponent(machine)}/${action}`
  const { status, body } = await post(path, socket, AbortSignal.any([signal, AbortSignal.timeout(API_TIMEOUT_MS)])).catch(
    (cause: unknown) => {
      throw hostFailed(`${socket} did not answer to ${action}: ${cause instanceof Error ? cause.message : String(cause)}`, cause)
    },
  )
  if (status < 200 || status > 299) throw hostFailed(`the Machines API refused to ${action} with ${status}: ${body.trim()}`)
  return body.trim()
}

const hostFailed = (message: string, cause?: unknown): NavigatorError =>
  new NavigatorError('NAV_HOST_FAILED', message, {
    cause,
    hint: 'it is tried again after the next quiet spell; see server.idle.api_socket, FLY_APP_NAME and FLY_MACHINE_ID',
  })

type Reply = { readonly status: number; readonly body: string }

const post = (path: string, socketPath: string, signal: AbortSignal): Promise<Reply> =>
  new Promise((resolve, reject) => {
    // Imported as a module it would take the memory of all that it might need, from the start on.
    const { request } = process.getBuiltinModule('node:http')
    const outgoing = request({ socketPath, path, method: 'POST', headers: { Host: 'flaps', 'Content-Length': 0 }, agent: false, signal })
    outgoing.on('error', reject)
    outgoing.on('response', (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (text: string) => {
        if (body.length < LONGEST_REPLY_CHARACTERS) body += text
      })
      response.on('error', reject)
      response.on('end', () => resolve({ status: response.statusCode!, body }))
    })
    outgoing.end()
  })
