/**
 * `npm run build`: bundles navigator into dist/, or the directory named, where it starts faster and smaller than from its sources.
 *
 *   main.cjs       turns the compile cache on, then loads navigator.cjs
 *   navigator.cjs  the supervisor thread
 *   acceptor.cjs   a worker thread's task
 *   verify-task.cjs  the task of a thread that computes password hashes
 *   schema.cjs       `navigator schema`
 *   load-config.cjs  the process that loads the configuration
 *   worker.js      Piscina's side of a worker thread; Piscina looks for this very name beside itself
 *
 * CommonJS on purpose: `import 'node:http'` from an ES module reads every lazy getter of it and so loads undici, 16 MB.
 */
import { cpSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { type BuildOptions, build, type Plugin } from 'esbuild'
import { lateBuiltins } from './late-builtins.ts'

const root = join(import.meta.dirname, '..')
const dist = resolve(process.argv[2] ?? join(root, 'dist'))
const piscina = join(dirname(createRequire(import.meta.url).resolve('piscina')), 'worker.js')

const common: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node26',
  format: 'cjs',
  legalComments: 'none',
  // V8 keeps the text of what it has loaded. Names stay, for stack traces.
  minifyWhitespace: true,
  minifySyntax: true,
  // Piscina tries it and goes on without; pino's transports are threads of their own, which we do not use.
  external: ['@napi-rs/nice'],
  plugins: [lateBuiltins],
  define: { 'import.meta.url': 'bundleUrl', 'import.meta.dirname': '__dirname', 'import.meta.filename': '__filename' },
  banner: { js: "const bundleUrl = require('node:url').pathToFileURL(__filename).href;" },
  logLevel: 'warning',
}

const cached = (program: string): string =>
  `import { useCompileCache } from './src/cli/compile-cache.ts'\nuseCompileCache()\nrequire(${JSON.stringify(program)})\n`

/** Its library is half as much text again as all of the supervisor, which would keep it in memory. */
const schemaApart: Plugin = {
  name: 'schema-apart',
  setup: ({ onResolve }) =>
    onResolve({ filter: /\/schema\.ts$/ }, ({ kind }) => (kind === 'dynamic-import' ? { path: './schema.cjs', external: true } : null)),
}

rmSync(dist, { recursive: true, force: true })
await Promise.all([
  build({ ...common, entryPoints: ['src/cli/start.ts'], plugins: [lateBuiltins, schemaApart], outfile: join(dist, 'navigator.cjs') }),
  build({ ...common, entryPoints: ['src/cli/schema.ts'], outfile: join(dist, 'schema.cjs') }),
  build({ ...common, entryPoints: ['workers/acceptor.ts'], outfile: join(dist, 'acceptor.cjs') }),
  build({ ...common, entryPoints: ['src/passwords/verify-task.ts'], outfile: join(dist, 'verify-task.cjs') }),
  build({ ...common, entryPoints: ['src/config/loading-process.ts'], outfile: join(dist, 'loader.cjs') }),
  build({
    ...common,
    stdin: { contents: cached('./loader.cjs'), resolveDir: root, loader: 'ts' },
    external: ['./loader.cjs'],
    outfile: join(dist, 'load-config.cjs'),
  }),
  build({ ...common, stdin: { contents: cached(piscina), resolveDir: root, loader: 'ts' }, outfile: join(dist, 'worker.js') }),
])
cpSync(join(root, 'src/inspect/web/page'), join(dist, 'page'), { recursive: true })
for (const name of ['uPlot.iife.min.js', 'uPlot.min.css']) cpSync(join(root, 'node_modules/uplot/dist', name), join(dist, 'page', name))
writeFileSync(join(dist, 'package.json'), '{ "type": "commonjs" }\n')
// Last: bin/navigator takes dist/main.cjs as the sign that the bundle is whole.
await build({
  ...common,
  stdin: { contents: `process.on('SIGUSR1', () => {})\n${cached('./navigator.cjs')}`, resolveDir: root, loader: 'ts' },
  external: ['./navigator.cjs'],
  outfile: join(dist, 'main.cjs'),
})
