import { compareBytes, compareRanges } from '../bytes/compare.ts'
import { type Bytes, checkBytes, toBytes } from '../bytes/text.ts'
import type { ReadOptions } from '../store/snapshot.ts'

/** A range of keys; without any bound all of them. */
export interface KeyRange {
  readonly gt?: Bytes
  readonly gte?: Bytes
  readonly lt?: Bytes
  readonly lte?: Bytes
  /** Only keys that start so; may be combined with the bounds. */
  readonly prefix?: Bytes
}

/** Which entries an iterator visits, and how. */
export interface RangeOptions extends ReadOptions, KeyRange {
  /** From the last key to the first. */
  readonly reverse?: boolean
  /** At most so many entries. Default: no limit. */
  readonly limit?: number
  /** Values come empty. */
  readonly keysOnly?: boolean
}

/** Bounds as `[from, to)`; undefined is open. */
export interface KeyBounds {
  readonly from: Uint8Array | undefined
  readonly to: Uint8Array | undefined
}

/** The strictest of the given bounds, as one half-open interval. */
export function resolveBounds(options: KeyRange): KeyBounds {
  let from = bound('gte', options.gte)
  const gt = bound('gt', options.gt)
  if (gt !== undefined) from = later(from, successor(gt))
  let to = bound('lt', options.lt)
  const lte = bound('lte', options.lte)
  if (lte !== undefined) to = earlier(to, successor(lte))
  const prefix = bound('prefix', options.prefix)
  if (prefix !== undefined && prefix.length > 0) {
    from = later(from, prefix)
    const end = prefixEnd(prefix)
    if (end !== undefined) to = earlier(to, end)
  }
  return { from, to }
}

/** True when no key can be within the bounds. */
export function isEmptyRange({ from, to }: KeyBounds): boolean {
  return (
    to !== undefined && (to.length === 0 || (from !== undefined && compareBytes(from, to) >= 0))
  )
}

/** Checks `limit`: a whole number, 0 or more. */
export function resolveLimit(limit: number | undefined): number {
  if (limit === undefined) return Number.POSITIVE_INFINITY
  if (limit >= 0 && (Number.isSafeInteger(limit) || limit === Number.POSITIVE_INFINITY))
    return limit
  throw new RangeError(`limit must be an integer of at least 0, got ${String(limit)}`)
}

function bound(field: string, value: Bytes | undefined): Uint8Array | undefined {
  if (value === undefined) return undefined
  checkBytes(value, field)
  // A copy: the caller may reuse its bytes while the iterator lives.
  return new Uint8Array(toBytes(value))
}

/** The smallest key after this one. */
export function successor(key: Uint8Array): Uint8Array {
  const next = new Uint8Array(key.length + 1)
  next.set(key)
  return next
}

/** The smallest key after all that start with `prefix`; undefined when there is none. */
export function prefixEnd(prefix: Uint8Array): Uint8Array | undefined {
  let length = prefix.length
  while (length > 0 && prefix[length - 1] === 0xff) length -= 1
  if (length === 0) return undefined
  const end = new Uint8Array(prefix.subarray(0, length)) // the slice of a Buffer shares its bytes
  end[length - 1] = (end[length - 1] as number) + 1
  return end
}

function later(a: Uint8Array | undefined, b: Uint8Array): Uint8Array {
  return a !== undefined && compareBytes(a, b) > 0 ? a : b
}

function earlier(a: Uint8Array | undefined, b: Uint8Array): Uint8Array {
  return a !== undefined && compareBytes(a, b) < 0 ? a : b
}

/** True when the key range is before `bound`. */
export function isBefore(key: Uint8Array, start: number, end: number, bound: Uint8Array): boolean {
  return compareRanges(key, start, end, bound, 0, bound.length) < 0
}
