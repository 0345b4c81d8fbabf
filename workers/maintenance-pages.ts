/** The files of maintenance pages, kept in memory: no request waits for a disk. */
import { readFile } from 'node:fs/promises'

export type MaintenancePages = {
  /** HTML of the page's file, or undefined when it has not been read, or is no longer there. Looks at the file again in the background. */
  of(file: string | undefined): string | undefined
}

/** How old what is shown may be. */
const FRESH_MS = 5_000

/** Reads them all beside whatever else goes on. */
export const createMaintenancePages = (files: Iterable<string>): MaintenancePages => {
  const pages = new Map<string, Page>()
  for (const file of files) if (!pages.has(file)) pages.set(file, new Page(file))
  return { of: (file) => (file === undefined ? undefined : pages.get(file)?.html) }
}

class Page {
  readonly #file: string
  #html: string | undefined
  #readAt = 0

  constructor(file: string) {
    this.#file = file
    this.#read()
  }

  get html(): string | undefined {
    if (performance.now() - this.#readAt > FRESH_MS) this.#read()
    return this.#html
  }

  #read(): void {
    this.#readAt = performance.now()
    readFile(this.#file, 'utf8').then(
      (html) => {
        this.#html = html
      },
      // It was there when the configuration was checked; whoever removed it since gets the built-in one.
      () => {
        this.#html = undefined
      },
    )
  }
}
