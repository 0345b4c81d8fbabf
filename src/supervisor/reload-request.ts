import { statSync } from 'node:fs'
import type { Logger } from '../log/logger.ts'

/** What scripts and hooks with `reload_config` ask for. Supervisor thread. */
export type ReloadRequests = {
  /** Takes up this file, absolute, if it is another than the one in use and there, or has changed since that was loaded. */
  request(file: string): void
}

/** What a request is judged by, and what it sets off. */
export type ReloadRequestParts = {
  readonly log: Logger
  /** The file in use, absolute, and when its reading began, in epoch ms. */
  current(): { readonly file: string; readonly loadedAt: number }
  reload(file: string): Promise<unknown>
}

export const createReloadRequests = ({ log, current, reload }: ReloadRequestParts): ReloadRequests => ({
  request(file) {
    const changedAt = statSync(file, { throwIfNoEntry: false })?.mtimeMs
    const now = current()
    if (changedAt === undefined) {
      log.warn({ file }, 'reload_config names a file that is not there')
      return
    }
    if (file === now.file && changedAt <= now.loadedAt) {
      log.debug({ file }, 'configuration is as it was loaded')
      return
    }
    log.info({ file }, 'reload requested')
    reload(file).catch((error: unknown) => log.error({ file, reason: String(error) }, 'reload refused'))
  },
})
