import { createHash } from 'node:crypto'
import { checkFieldName, FIELDS_MAX, type RecordData } from '../record/record.ts'
import { type EncodedRange, encodeIdRange, type IdRange, inRange } from '../record/record-id.ts'
import { compileWhere, type Predicate, type Where } from './predicate.ts'

/** Which part of a table: all of it when empty. */
export interface SelectionSpec {
  /** Ids in this range only. */
  readonly keys?: IdRange
  /** Records for which this holds only, judged by the publisher. */
  readonly where?: Where
  /** These fields of each record only. */
  readonly columns?: readonly string[]
}

/** A checked and compiled selection. */
export interface Selection {
  readonly spec: SelectionSpec
  /** Names the selection: equal selections have equal digests. 16 letters and digits. */
  readonly digest: string
  readonly range: EncodedRange
  readonly columns: ReadonlySet<string> | undefined
  readonly where: Predicate | undefined
  /** True when the encoded id lies in the selected range. */
  hasId(id: Uint8Array): boolean
  /** True when the record fulfils the condition. */
  matches(record: RecordData): boolean
  /** The selected fields of a record; the record itself when all are. */
  project(record: RecordData): RecordData
}

const DIGEST_CHARS = 16

/** Checks and compiles a selection; throws TypeError or RangeError naming the field. */
export function compileSelection(input: unknown): Selection {
  if (typeof input !== 'object' || input === null) throw new TypeError('a selection is an object')
  const { keys, where, columns } = input as Record<string, unknown>
  const columnSet = columns === undefined ? undefined : checkColumns(columns)
  if (keys !== undefined && (typeof keys !== 'object' || keys === null)) {
    throw new TypeError('keys must be a range of ids')
  }
  const range = keys === undefined ? {} : encodeIdRange(keys as IdRange)
  const predicate = where === undefined ? undefined : compileWhere(where)
  const spec: SelectionSpec = {
    ...(keys !== undefined && { keys: keys as IdRange }),
    ...(where !== undefined && { where: where as Where }),
    ...(columnSet !== undefined && { columns: [...columnSet] }),
  }
  return {
    spec,
    digest: digestOf(range, spec.where, spec.columns),
    range,
    columns: columnSet,
    where: predicate,
    hasId: (id) => inRange(id, range),
    matches: predicate ?? (() => true),
    project: (record) => (columnSet === undefined ? record : pick(record, columnSet)),
  }
}

function checkColumns(columns: unknown): Set<string> {
  if (!Array.isArray(columns) || columns.length === 0 || columns.length > FIELDS_MAX) {
    throw new TypeError('columns must be a list of field names')
  }
  for (const name of columns) checkFieldName(name, 'columns')
  return new Set((columns as string[]).toSorted())
}

function pick(record: RecordData, columns: ReadonlySet<string>): RecordData {
  const picked: Record<string, unknown> = {}
  for (const name of Object.keys(record)) {
    if (columns.has(name)) picked[name] = record[name]
  }
  return picked
}

function digestOf(
  range: EncodedRange,
  where: Where | undefined,
  columns: readonly string[] | undefined,
): string {
  const hex = (bytes: Uint8Array | undefined): string | null =>
    bytes === undefined ? null : Buffer.from(bytes).toString('hex')
  const text = JSON.stringify([hex(range.gte), hex(range.lt), canonical(where), columns ?? null])
  return createHash('sha256').update(text).digest('hex').slice(0, DIGEST_CHARS)
}

/** The condition with the names of each object in one order. */
function canonical(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(canonical)
  if (typeof part !== 'object' || part === null) {
    // JSON writes these as null and 0
    return typeof part === 'number' && !Number.isFinite(part) ? `number:${part}` : (part ?? null)
  }
  const entries = Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return entries.map(([name, value]) => [name, canonical(value)])
}
