/** Prints a line and is done. */
console.log('done')
