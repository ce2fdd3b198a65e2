/**
 * What becomes of the tables of a keyspace.
 *
 * - `leveled`, the default: levels of growing size, each of them sorted. Reads look at few tables, space is
 *   wasted least, entries are written anew most often.
 * - `size-tiered`: tables of like size are merged into one run. Entries are written anew least often; a read
 *   may have to look at some runs, and old versions take space until theirs are merged.
 * - `fifo`: for what is written once and read for a while. Whole tables are dropped, the oldest first, when
 *   together they have more than `maxBytes`, or when the newest entry of one was written out `maxAgeMs` ago.
 *   What is dropped is gone as if it had never been written, for all readers but snapshots and iterators of
 *   before, and `changes()` does not tell.
 */
export type CompactionPolicy =
  | { readonly kind: 'leveled' }
  | {
      readonly kind: 'size-tiered'
      /** So many tables of like size are merged. 2 to 32, default 4. */
      readonly runs?: number
    }
  | { readonly kind: 'fifo'; readonly maxBytes?: number; readonly maxAgeMs?: number }

/** A policy whose keyspace has tables of its own, all in level 0. */
export type OwnPolicy = Exclude<CompactionPolicy, { readonly kind: 'leveled' }>

export const DEFAULT_RUNS = 4

/** Throws unless it is a policy. */
export function checkPolicy(field: string, policy: CompactionPolicy): void {
  const { kind } = (policy ?? {}) as { readonly kind?: unknown }
  if (kind === 'leveled') return
  if (policy.kind === 'size-tiered') {
    checkCount(`${field}.runs`, policy.runs ?? DEFAULT_RUNS, 2, 32)
    return
  }
  if (policy?.kind !== 'fifo') {
    throw new RangeError(
      `${field}.kind must be 'leveled', 'size-tiered' or 'fifo', got ${String(kind)}`,
    )
  }
  const { maxBytes, maxAgeMs } = policy
  if (maxBytes === undefined && maxAgeMs === undefined) {
    throw new TypeError(`${field} of kind 'fifo' needs maxBytes or maxAgeMs`)
  }
  checkCount(`${field}.maxBytes`, maxBytes ?? 1, 1, Number.MAX_SAFE_INTEGER)
  checkCount(`${field}.maxAgeMs`, maxAgeMs ?? 1, 1, Number.MAX_SAFE_INTEGER)
}

function checkCount(field: string, value: number, least: number, most: number): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return
  throw new RangeError(`${field} must be an integer from ${least} to ${most}, got ${String(value)}`)
}

/** True for what a manifest may say of a policy. */
export function isPolicy(value: unknown): value is CompactionPolicy {
  try {
    checkPolicy('policy', value as CompactionPolicy)
    return true
  } catch {
    // Whoever reads the manifest reports the damage.
    return false
  }
}
