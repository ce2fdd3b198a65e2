import { compareRanges } from '../bytes/compare.ts'
import { fromHex, toHex } from '../bytes/hex.ts'
import { isCount } from '../bytes/integers.ts'
import { type ValueRef, valueRefsFromJson } from '../value-files/value-ref.ts'

/** What the manifest knows of a table. */
export interface TableMeta {
  readonly number: number
  /** Size of the file. */
  readonly bytes: number
  readonly entries: number
  readonly deletes: number
  readonly smallest: Uint8Array
  readonly largest: Uint8Array
  readonly minSequence: number
  readonly maxSequence: number
  /** No entry is left of those that range deletes up to this sequence deleted. */
  readonly clearedSequence: number
  /**
   * The file has no sequences: it was ingested, and each of its entries has this one, which is also the
   * lowest and the highest.
   */
  readonly ingestedAt?: number
  /** In level 0: tables with this number are one sorted run. */
  readonly run?: number
  /** When its newest entry was written out, in milliseconds since the epoch. */
  readonly writtenAt?: number
  /** Value files that entries point into. */
  readonly values?: readonly ValueRef[]
}

/** Where a table came from, for rebuilding a manifest from tables alone. */
export interface TableOrigin {
  readonly level: number
  /** Tables that this one and its siblings replace. */
  readonly inputs: readonly number[]
  /** Number of the first table of the job that wrote this one. */
  readonly job: number
  /** Position among the job's tables. */
  readonly part: number
  /** No table of the job comes after this one. */
  readonly lastPart: boolean
  /** Of a job that was cut by keys: which part this is of, and how many there are. */
  readonly shard?: number
  readonly shards?: number
  /** Of a table that was made for an ingest: what was written up to this sequence is older. */
  readonly ingestedAfter?: number
}

/** A table's properties section, and a table in the manifest: JSON with keys in hex. */
export interface TableMetaJson {
  readonly number: number
  readonly bytes: number
  readonly entries: number
  readonly deletes: number
  readonly smallest: string
  readonly largest: string
  readonly minSequence: number
  readonly maxSequence: number
  /** Left out by format 1: 0. */
  readonly clearedSequence?: number
  readonly ingestedAt?: number
  readonly run?: number
  readonly writtenAt?: number
  readonly values?: readonly ValueRef[]
}

export function metaToJson(meta: TableMeta): TableMetaJson {
  return { ...meta, smallest: toHex(meta.smallest), largest: toHex(meta.largest) }
}

/** The meta, or undefined when the value is not one. */
export function metaFromJson(value: unknown): TableMeta | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const json = value as Partial<Record<keyof TableMetaJson, unknown>>
  const smallest = fromHex(json.smallest)
  const largest = fromHex(json.largest)
  const { number, bytes, entries, deletes, minSequence, maxSequence, clearedSequence = 0 } = json
  const known: { ingestedAt?: number; run?: number; writtenAt?: number } = {}
  for (const field of ['ingestedAt', 'run', 'writtenAt'] as const) {
    const found = json[field]
    if (found === undefined) continue
    if (!isCount(found)) return undefined
    known[field] = found
  }
  const values = json.values === undefined ? undefined : valueRefsFromJson(json.values)
  if (values === undefined && json.values !== undefined) return undefined
  if (smallest === undefined || largest === undefined) return undefined
  if (!isCount(number) || !isCount(bytes) || !isCount(entries) || !isCount(deletes))
    return undefined
  if (!isCount(minSequence) || !isCount(maxSequence) || !isCount(clearedSequence)) return undefined
  const sequences = { minSequence, maxSequence, clearedSequence, ...known }
  const pointed = values === undefined ? {} : { values }
  return { number, bytes, entries, deletes, smallest, largest, ...sequences, ...pointed }
}

/** True when the table may hold keys of `[from, to)`; undefined is open. */
export function overlaps(
  meta: TableMeta,
  from: Uint8Array | undefined,
  to: Uint8Array | undefined,
): boolean {
  const { smallest, largest } = meta
  if (from !== undefined && compare(largest, from) < 0) return false
  return to === undefined || compare(smallest, to) < 0
}

function compare(a: Uint8Array, b: Uint8Array): number {
  return compareRanges(a, 0, a.length, b, 0, b.length)
}
