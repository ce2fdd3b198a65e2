/** Merges two sorted runs; few elements into many go by binary search and block copies. */
export function mergeRuns(
  many: Int32Array,
  few: Int32Array,
  compare: (a: number, b: number) => number,
): Int32Array {
  if (many.length === 0) return few
  const merged = new Int32Array(many.length + few.length)
  let from = 0
  for (let i = 0; i < few.length; i++) {
    const id = few[i] as number
    const to = gallop(many, from, id, compare)
    merged.set(many.subarray(from, to), from + i)
    merged[to + i] = id
    from = to
  }
  merged.set(many.subarray(from), from + few.length)
  return merged
}

/** First position from `from` on whose element comes after `id`: near ones are found soonest. */
function gallop(
  run: Int32Array,
  from: number,
  id: number,
  compare: (a: number, b: number) => number,
): number {
  let low = from
  let step = 1
  while (low + step <= run.length && compare(run[low + step - 1] as number, id) < 0) {
    low += step
    step *= 2
  }
  let high = Math.min(low + step - 1, run.length)
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compare(run[middle] as number, id) < 0) low = middle + 1
    else high = middle
  }
  return low
}
