import { compareRanges } from '../bytes/compare.ts'

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
  const { number, bytes, entries, deletes, minSequence, maxSequence } = json
  if (smallest === undefined || largest === undefined) return undefined
  if (!isCount(number) || !isCount(bytes) || !isCount(entries) || !isCount(deletes))
    return undefined
  if (!isCount(minSequence) || !isCount(maxSequence)) return undefined
  return { number, bytes, entries, deletes, smallest, largest, minSequence, maxSequence }
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')
}

function fromHex(text: unknown): Uint8Array | undefined {
  if (typeof text !== 'string' || !/^(?:[0-9a-f]{2})*$/.test(text)) return undefined
  return Uint8Array.from(Buffer.from(text, 'hex'))
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
