/** Rough cost of one small string in the heap: header plus bytes, rounded to words. */
export const stringBytes = (length: number): number => 16 + ((length + 7) & ~7)
