/** Never comes up: complains on stderr and exits with EXIT_CODE, or 3. */
console.error('database is missing')
console.error('giving up')
process.exitCode = Number(process.env['EXIT_CODE'] ?? 3)
