import { bytesHeld, bytesOf, type Run } from './level-zero.ts'

/** A run joins those that are newer while it is at most so many times as large as they are together. */
const LIKE_SIZE = 1.5
/** With more runs than this the smallest neighbours are merged, whatever their size. */
export const MOST_RUNS = 24

/**
 * Neighbours in age that are worth merging into one run: at least `least` of like size. Newest first, as
 * they come. An entry takes part in about as many merges as there are sizes.
 */
export function pickLikeSized(runs: readonly Run[], least: number): Run[] | undefined {
  const sizes = runs.map((run) => bytesOf(run))
  for (let start = 0; start + least <= runs.length; start++) {
    let bytes = sizes[start] as number
    let end = start + 1
    while (end < runs.length && (sizes[end] as number) <= bytes * LIKE_SIZE) {
      bytes += sizes[end] as number
      end += 1
    }
    if (end - start >= least) return runs.slice(start, end)
  }
  return runs.length > MOST_RUNS ? smallestNeighbours(runs, sizes, least) : undefined
}

function smallestNeighbours(runs: readonly Run[], sizes: readonly number[], count: number): Run[] {
  let best = 0
  let fewest = Number.POSITIVE_INFINITY
  for (let start = 0; start + count <= runs.length; start++) {
    const bytes = sizes.slice(start, start + count).reduce((sum, size) => sum + size, 0)
    if (bytes >= fewest) continue
    best = start
    fewest = bytes
  }
  return runs.slice(best, best + count)
}

/** So many small runs of a keyspace whose tables are dropped whole become one. */
const SMALL_RUNS = 8

/** Neighbours in age that are so small that there would be too many of them. */
export function pickSmall(runs: readonly Run[], tableBytes: number): Run[] | undefined {
  let bytes = 0
  let window: Run[] = []
  for (const run of runs) {
    const size = bytesHeld(run)
    if (size * SMALL_RUNS > tableBytes || bytes + size > tableBytes) {
      if (window.length >= SMALL_RUNS) return window
      window = []
      bytes = 0
      if (size * SMALL_RUNS > tableBytes) continue
    }
    window.push(run)
    bytes += size
  }
  return window.length >= SMALL_RUNS ? window : undefined
}
