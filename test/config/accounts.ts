/** A system on which everybody exists: the same on every machine. */
import type { Accounts } from '../../src/config/accounts.ts'

export const accounts: Accounts = {
  user: (name) => ({ uid: 1_000 + name.length, gid: 2_000 + name.length, home: `/home/${name}`, groups: [] }),
  group: (name) => 2_000 + name.length,
}
