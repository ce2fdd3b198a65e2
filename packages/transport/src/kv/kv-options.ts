import { TransportError } from '../errors.ts'
import { atLeast, MIN_AGE_MS, positiveInteger } from '../log/log-options.ts'
import type { KvOptions } from './key-value.ts'

/** Revisions that a bucket can keep per key. */
export const MAX_HISTORY = 64

/** Bucket options with every default filled in; no ttl is `Infinity`. */
export interface ResolvedKvOptions {
  readonly history: number
  readonly ttlMs: number
}

/** The error of a bucket that is not there and is not to be created. */
export function missingBucket(bucket: string): TransportError {
  return new TransportError('KV_MISSING', `bucket ${bucket} is not there`)
}

/** Checks and fills the options of a bucket. */
export function resolveKvOptions(options: KvOptions = {}): ResolvedKvOptions {
  const history = positiveInteger('history', options.history, 1)
  if (history > MAX_HISTORY) throw new RangeError(`history must be at most ${MAX_HISTORY}`)
  return { history, ttlMs: atLeast('ttlMs', options.ttlMs, MIN_AGE_MS, Infinity) }
}
