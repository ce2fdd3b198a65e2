import { decodeText, encodeText, type ModuleType } from '@ashlar/resp-server'

/** A token bucket: fills by itself up to its capacity, and whoever acts takes tokens. */
export interface Bucket {
  capacity: number
  perSecond: number
  /** Tokens that were there at `at`. */
  tokens: number
  at: number
}

/** What keys hold. One record is enough: a bucket is small and changes as a whole. */
export const BUCKET: ModuleType<Bucket> = {
  name: 'ratebuckt',
  version: 1,
  create: () => ({ capacity: 0, perSecond: 0, tokens: 0, at: 0 }),
  records: () => [''],
  encode: (bucket) => encodeText(JSON.stringify(bucket)),
  restore(bucket, _record, stored) {
    Object.assign(bucket, JSON.parse(decodeText(stored)))
  },
  memoryBytes: () => 64,
  copy: (bucket) => ({ ...bucket }),
}

/** Lets time pass for a bucket. */
export function fill(bucket: Bucket, now: number): void {
  const gained = ((now - bucket.at) / 1000) * bucket.perSecond
  bucket.tokens = Math.min(bucket.capacity, bucket.tokens + Math.max(0, gained))
  bucket.at = now
}

/** Milliseconds until there are so many tokens; 0: now. */
export function timeUntil(bucket: Bucket, count: number): number {
  return Math.max(0, Math.ceil(((count - bucket.tokens) / bucket.perSecond) * 1000))
}
