/** Configurations of many small tenants for end-to-end tests. */
import { join } from 'node:path'
import { root } from './harness.ts'

/** A program of test/apps as a tenant at `/<name>/`. `more` are further keys. */
export const tenant = (name: string, app = 'echo', more: Readonly<Record<string, unknown>> = {}) => ({
  name,
  path: `/${name}/`,
  root: join(root, 'test/apps'),
  command: process.execPath,
  args: [join(root, `test/apps/${app}.ts`)],
  ...more,
})

/** A port range of its own, so that tests running beside each other rarely ask for the same port. */
export const portRange = (): { start_port: number; end_port: number } => {
  const start_port = 20_000 + Math.floor(Math.random() * 100) * 100
  return { start_port, end_port: start_port + 99 }
}
