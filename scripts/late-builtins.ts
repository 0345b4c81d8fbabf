import { createRequire } from 'node:module'
import type { Plugin } from 'esbuild'

/**
 * Modules of Node that take memory and time, and that a thread may never need. Objects only: `require('assert')` is a function.
 * Those of every request (fs, net) are not among them.
 */
const LATE = [
  'child_process',
  'crypto',
  'dgram',
  'dns',
  'dns/promises',
  'fs/promises',
  'http',
  'https',
  'perf_hooks',
  'readline',
  'stream/consumers',
  'stream/promises',
  'timers/promises',
  'tls',
  'tty',
  'zlib',
]

const require = createRequire(import.meta.url)

/** Has the bundle load these at the first use of one of their exports, not at its own start. */
export const lateBuiltins: Plugin = {
  name: 'late-builtins',
  setup(build) {
    const filter = new RegExp(`^(node:)?(${LATE.join('|')})$`)
    build.onResolve({ filter }, ({ path, namespace }) =>
      namespace === 'late'
        ? { path: `node:${path.replace('node:', '')}`, external: true }
        : { path: path.replace('node:', ''), namespace: 'late' },
    )
    build.onLoad({ filter: /./, namespace: 'late' }, ({ path }) => ({ contents: standInFor(path), loader: 'js' }))
  },
}

const standInFor = (path: string): string => {
  const getters = Object.keys(require(path)).map((name) => `  get ${name}() { return load().${name} },`)
  return `const load = () => require('node:${path}')\nmodule.exports = {\n${getters.join('\n')}\n}\n`
}
