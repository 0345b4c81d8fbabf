import type { Step } from '../exchange.ts'
import { redirectAnswer } from '../responses.ts'

/** `/2025/boston?day=2` → `/2025/boston/?day=2`, so that relative links in the tenant's pages lead into the tenant. */
export const redirectToSlash: Step = ({ path, query, routing, header }) => {
  if (path.endsWith('/') || !routing.isSlashless(header('host'), path)) return undefined
  return redirectAnswer(`${path}/${query}`)
}
