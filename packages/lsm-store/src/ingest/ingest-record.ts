import { compareBytes } from '../bytes/compare.ts'
import { metaFromJson, metaToJson, type TableMeta } from '../sstable/table-meta.ts'

/** What one ingest put: tables of keys in order, all entries of which have its sequence. */
export interface IngestRecord {
  readonly sequence: number
  readonly tables: readonly TableMeta[]
}

/** Tables that were written without sequences, as the log names them. */
export function encodeIngest(tables: readonly TableMeta[]): Uint8Array {
  return Buffer.from(JSON.stringify(tables.map(metaToJson)))
}

/** The tables that a record of the log names, or undefined when it cannot be one. */
export function decodeIngest(bytes: Uint8Array, sequence: number): IngestRecord | undefined {
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(bytes).toString())
  } catch {
    // Not JSON, so no record of ours: the caller reports the damage.
    return undefined
  }
  if (!Array.isArray(value) || value.length === 0) return undefined
  const tables: TableMeta[] = []
  for (const item of value as unknown[]) {
    const meta = metaFromJson(item)
    const before = tables.at(-1)
    if (meta === undefined) return undefined
    if (before !== undefined && compareBytes(before.largest, meta.smallest) >= 0) return undefined
    tables.push(ingestedAt(meta, sequence))
  }
  return { sequence, tables }
}

/** A table that was written without sequences, as it is read: every entry has this one. */
export function ingestedAt(meta: TableMeta, sequence: number): TableMeta {
  return { ...meta, minSequence: sequence, maxSequence: sequence, ingestedAt: sequence }
}
