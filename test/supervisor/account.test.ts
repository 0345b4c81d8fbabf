import { describe, test } from 'vitest'
import { managed, openSite, tenant } from './site.ts'

const account = { user: 'daemon', uid: 1, gid: 1, groups: [1], home: '/tmp' }

// Only root may become somebody else.
describe.runIf(process.geteuid?.() === 0).concurrent('a user of its own', () => {
  test('is who a tenant runs as, with its home and name', async () => {
    const launch = { command: '/bin/sh', args: ['-c', 'echo "$(id -u) $(id -g) $HOME $USER"; exit 1'], port_env_var: 'PORT' }
    await using site = await openSite({ tenants: [tenant('acme', { root: '/', launch, account })] })
    await site.get('/acme/')
    await site.printed('[acme.stdout] 1 1 /tmp daemon')
  })

  test('is who a managed process runs as', async () => {
    const process = managed('one', 'echo "$(id -u) $(id -g) $HOME $USER"', {
      command: '/bin/sh',
      args: ['-c', 'echo "$(id -u) $(id -g) $HOME $USER"'],
      working_dir: '/',
      account,
    })
    await using site = await openSite({ processes: [process] })
    await site.printed('[one.stdout] 1 1 /tmp daemon')
  })
})
