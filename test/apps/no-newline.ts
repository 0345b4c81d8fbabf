/** Ends in the middle of a line on each stream. */
process.stdout.write('first\nno newline at the end')
process.stderr.write('neither here')
