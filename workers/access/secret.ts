import { createHash, timingSafeEqual } from 'node:crypto'

/** Compares without telling by its time how much is right. */
export const isSameSecret = (sent: string | undefined, secret: string): boolean =>
  sent !== undefined && timingSafeEqual(digest(sent), digest(secret))

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
