import { verifyPassword } from './verify.ts'

/** A Piscina task of the pool for password hashes. */
export default ({ password, hash }: { readonly password: string; readonly hash: string }): boolean => verifyPassword(password, hash)
