/**
 * Starts two children that sleep, and prints `grandchildren <pid> <pid>`. With LEADER=exits it exits at once with 0 and leaves them;
 * with STUBBORN they ignore SIGTERM. With a PORT it serves, else it waits.
 */
import { spawn } from 'node:child_process'
import { serve } from './serve.ts'

const code = `${process.env['STUBBORN'] ? 'process.on("SIGTERM", () => {});' : ''} setInterval(() => {}, 60_000); console.log("up")`
const children = [1, 2].map(() => spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] }))
await Promise.all(children.map((child) => new Promise((resolve) => child.stdout!.once('data', resolve))))
console.log(`grandchildren ${children.map((child) => child.pid).join(' ')}`)
if (process.env['LEADER'] === 'exits') process.exit(0)
if (process.env['PORT']) serve((_request, response) => response.end(String(process.pid)))
