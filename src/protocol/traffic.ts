/**
 * What workers count about requests, in rows of numbers: five classes of status, a histogram of durations, and their sum in ms.
 */
export const STATUS_CLASSES = 5
/** Upper bounds of the histogram, in ms; one more cell takes what is above. */
export const BOUNDS_MS: readonly number[] = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000]
/** Index of the first cell of the histogram, and of the sum. */
export const HISTOGRAM = STATUS_CLASSES
export const DURATION_SUM = HISTOGRAM + BOUNDS_MS.length + 1
export const ROW = DURATION_SUM + 1

/** What came since the last message: `ROW` numbers for each name, one after the other. `''` stands for requests of no tenant. */
export type TrafficDelta = { readonly tenants: readonly string[]; readonly cells: Float64Array }
