/** The claims about requests, proxying and tunnels once more, with no lane in front: most requests never reach the full lane otherwise. */
import { carryIn } from '../harness.ts'

carryIn('full')
await import('../requests.test.ts')
await import('../responses.test.ts')
await import('../failures.test.ts')
await import('../reverse-proxies.test.ts')
await import('../tunnels.test.ts')
await import('../waiting.test.ts')
await import('../connections.test.ts')
await import('../routing.test.ts')
