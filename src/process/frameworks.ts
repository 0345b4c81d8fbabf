import { existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { NavigatorError } from '../errors.ts'
import { isErrno } from './errno.ts'
import { shellArgv } from './shell.ts'

/** A command in three parts, each of which the configuration may replace. `{{port}}` stands for the port. */
export type Parts = {
  readonly runtime: string
  readonly server?: string
  readonly args: readonly string[]
  /** Variables the framework needs to run beside others, under the tenant's own. */
  readonly env?: Readonly<Record<string, string>>
}
export type FrameworkLaunch = Parts & { readonly name: string }

/** One way apps are made: how its directory is known, and how it is run so that only this machine reaches it. */
export type Framework = {
  readonly name: string
  /** What is looked for, in words. */
  readonly mark: string
  isIn(root: string): boolean
  /** @throws NAV_EXEC_FAILED when the framework was named but its files are missing. */
  launch(root: string): Parts
}

const rails: Framework = {
  name: 'rails',
  mark: 'bin/rails',
  isIn: (root) => has(root, 'bin/rails'),
  launch: () => ({
    runtime: 'ruby',
    server: 'bin/rails',
    args: ['server', '-b', '127.0.0.1', '-p', '{{port}}'],
    // Rails refuses to start a second server on the same PID file, and tenants often share one directory.
    env: { PIDFILE: 'tmp/pids/navigator-{{port}}.pid' },
  }),
}

const rack: Framework = {
  name: 'rack',
  mark: 'config.ru',
  isIn: (root) => has(root, 'config.ru'),
  launch(root) {
    const puma = ['-b', 'tcp://127.0.0.1:{{port}}', 'config.ru']
    if (has(root, 'Gemfile')) return { runtime: 'bundle', server: 'exec', args: ['puma', ...puma] }
    if (isOnPath('puma')) return { runtime: 'puma', args: puma }
    return { runtime: 'rackup', args: ['--host', '127.0.0.1', '--port', '{{port}}', 'config.ru'] }
  },
}

const django: Framework = {
  name: 'django',
  mark: 'manage.py',
  isIn: (root) => has(root, 'manage.py'),
  launch: (root) => ({ runtime: python(root), server: 'manage.py', args: ['runserver', '127.0.0.1:{{port}}', '--noreload'] }),
}

const node: Framework = {
  name: 'node',
  mark: 'package.json with a start script or a main file',
  isIn: (root) => has(root, 'package.json') && nodeParts(root) !== undefined,
  launch: (root) => nodeParts(root) ?? missing(root, 'node', 'a start script, main, server.js, index.js or app.js'),
}

const fastapi: Framework = {
  name: 'fastapi',
  mark: 'app.py or main.py with FastAPI(',
  isIn: (root) => pythonApp(root, 'FastAPI') !== undefined,
  launch(root) {
    const app = pythonApp(root, 'FastAPI') ?? missing(root, 'fastapi', 'app.py or main.py with `app = FastAPI(`')
    return {
      runtime: python(root),
      server: '-m',
      args: ['uvicorn', `${app.module}:${app.variable}`, '--host', '127.0.0.1', '--port', '{{port}}'],
    }
  },
}

const flask: Framework = {
  name: 'flask',
  mark: 'app.py or main.py with Flask(',
  isIn: (root) => pythonApp(root, 'Flask') !== undefined,
  launch(root) {
    const app = pythonApp(root, 'Flask')
    const chosen = app ? ['--app', `${app.module}:${app.variable}`] : [] // an app factory: flask finds it by FLASK_APP
    return { runtime: python(root), server: '-m', args: ['flask', ...chosen, 'run', '--host', '127.0.0.1', '--port', '{{port}}'] }
  },
}

const procfile: Framework = {
  name: 'procfile',
  mark: 'a Procfile with web:',
  isIn: (root) => webLine(root) !== undefined,
  launch(root) {
    const [runtime, ...args] = shellArgv(webLine(root) ?? missing(root, 'procfile', 'a Procfile with a line `web: …`'))
    return { runtime: runtime!, args }
  },
}

/** In the order in which a directory is looked at. */
export const FRAMEWORKS: readonly Framework[] = [procfile, rails, django, rack, node, fastapi, flask]

/** By the name the configuration uses. */
export const findFramework = (name: string): Framework | undefined => FRAMEWORKS.find((entry) => entry.name === name.toLowerCase())

/** The first whose mark is in the directory. */
export const detectFramework = (root: string): FrameworkLaunch | undefined => {
  const found = FRAMEWORKS.find((entry) => entry.isIn(root))
  return found && { name: found.name, ...found.launch(root) }
}

const has = (root: string, file: string): boolean => existsSync(join(root, file))

const isOnPath = (program: string): boolean =>
  (process.env['PATH'] ?? '').split(delimiter).some((directory) => directory !== '' && existsSync(join(directory, program)))

const read = (root: string, file: string): string | undefined => {
  try {
    return readFileSync(join(root, file), 'utf8')
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EISDIR')) return undefined
    throw error
  }
}

const python = (root: string): string => ['.venv/bin/python', 'venv/bin/python'].find((file) => has(root, file)) ?? 'python3'

const pythonApp = (root: string, type: 'FastAPI' | 'Flask'): { module: string; variable: string } | undefined => {
  for (const module of ['app', 'main']) {
    const variable = new RegExp(`^(\\w+)\\s*(?::[^=\\n]+)?=\\s*(?:\\w+\\.)?${type}\\(`, 'm').exec(read(root, `${module}.py`) ?? '')?.[1]
    if (variable !== undefined) return { module, variable }
  }
  return undefined
}

const webLine = (root: string): string | undefined => /^web:[ \t]*(\S.*)$/m.exec(read(root, 'Procfile') ?? '')?.[1]?.trim()

const nodeParts = (root: string): Parts | undefined => {
  const { start, main } = packageEntry(root)
  const runtime = isOnPath('node') ? 'node' : process.execPath
  if (start !== undefined) {
    // npm keeps itself and a shell between us and the app, and takes a third of a second: not needed for `node file`.
    if (!/^node(\s+[\w@%+=:,./-]+)+$/.test(start)) return { runtime: 'npm', server: 'start', args: ['--silent'] }
    const [, server, ...args] = start.split(/\s+/)
    return { runtime, server: server!, args }
  }
  const file = [main, 'server.js', 'index.js', 'app.js'].find((name) => name !== undefined && has(root, name))
  return file === undefined ? undefined : { runtime, server: file, args: [] }
}

const packageEntry = (root: string): { start?: string; main?: string } => {
  const text = read(root, 'package.json')
  if (text === undefined) return {}
  const { scripts, main } = parsePackage(text, join(root, 'package.json'))
  return { ...(typeof scripts?.start === 'string' && { start: scripts.start.trim() }), ...(typeof main === 'string' && { main }) }
}

const parsePackage = (text: string, file: string): { scripts?: { start?: unknown }; main?: unknown } => {
  try {
    return Object(JSON.parse(text))
  } catch (cause) {
    throw new NavigatorError('NAV_EXEC_FAILED', `${file} is not JSON: ${String(cause)}`, {
      cause,
      hint: 'correct it, or give the tenant a command',
    })
  }
}

const missing = (root: string, framework: string, wanted: string): never => {
  throw new NavigatorError('NAV_EXEC_FAILED', `no command for tenant in ${root}: framework ${framework} needs ${wanted}`, {
    hint: 'correct root, or give the tenant a command',
  })
}
