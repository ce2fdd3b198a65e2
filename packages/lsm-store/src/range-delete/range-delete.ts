import { compareRanges } from '../bytes/compare.ts'
import { fromHex, toHex } from '../bytes/hex.ts'

/** Deletes every key of `[from, to)` that was written before it; without `to`, all from `from` on. */
export interface RangeDelete {
  readonly from: Uint8Array
  readonly to: Uint8Array | undefined
  readonly sequence: number
}

/** True when the range holds both keys, and so all between them. */
export function holdsBoth(range: RangeDelete, smallest: Uint8Array, largest: Uint8Array): boolean {
  const { from, to } = range
  if (compareRanges(smallest, 0, smallest.length, from, 0, from.length) < 0) return false
  return to === undefined || compareRanges(largest, 0, largest.length, to, 0, to.length) < 0
}

/** A range delete in the manifest. */
export function rangeToJson({ from, to, sequence }: RangeDelete): unknown {
  return { from: toHex(from), ...(to === undefined ? {} : { to: toHex(to) }), sequence }
}

/** The range delete, or undefined when the value is not one. */
export function rangeFromJson(value: unknown): RangeDelete | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const json = value as Partial<Record<keyof RangeDelete, unknown>>
  const from = fromHex(json.from)
  const to = json.to === undefined ? undefined : fromHex(json.to)
  const { sequence } = json
  if (from === undefined || (to === undefined && json.to !== undefined)) return undefined
  if (!Number.isSafeInteger(sequence) || (sequence as number) < 0) return undefined
  return { from, to, sequence: sequence as number }
}

/** Two descriptions of one range delete of a manifest. */
export function isSameRange(a: RangeDelete, b: RangeDelete): boolean {
  if (a.sequence !== b.sequence || a.from.length !== b.from.length) return false
  return compareRanges(a.from, 0, a.from.length, b.from, 0, b.from.length) === 0
}
