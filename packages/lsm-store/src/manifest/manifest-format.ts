/**
 * The manifest, described in docs/formats/manifest.md: two files with the same frames. The first
 * frame of each file is a full state, the others are edits; all carry an ordinal. What one copy lost
 * the other has.
 */
import { FRAME_HEADER_BYTES, frameEnd, sealFrame } from '../bytes/frame.ts'
import { isCount } from '../bytes/integers.ts'
import { type KeyspaceRecord, keyspaceFromJson } from '../keyspace/keyspace-record.ts'
import type { KeyspaceEdit } from '../keyspace/keyspaces.ts'
import {
  isSameRange,
  type RangeDelete,
  rangeFromJson,
  rangeToJson,
} from '../range-delete/range-delete.ts'
import { metaFromJson, metaToJson, type TableMeta } from '../sstable/table-meta.ts'
import { LEVELS } from './version.ts'

/**
 * Format 1 had neither range deletes nor keyspaces, format 2 no ingested tables, format 3 no value files.
 * They are read, and replaced when the store is opened.
 */
export const MANIFEST_FORMAT_VERSION = 4
const FIRST_FORMAT_VERSION = 1
const isKnownFormat = (format: unknown): boolean =>
  Number.isInteger(format) &&
  (format as number) >= FIRST_FORMAT_VERSION &&
  (format as number) <= MANIFEST_FORMAT_VERSION
export const MANIFEST_NAMES: readonly string[] = ['MANIFEST-A', 'MANIFEST-B']

const FRAME_STATE = 1
const FRAME_EDIT = 2
const MAGIC = 'ashlar-lsm-manifest'

/** Everything that a store must know to find its data. */
export interface ManifestState {
  /** Counts edits since the store was made. */
  readonly ordinal: number
  /** Logs from this number on hold operations that are in no table. */
  readonly firstLog: number
  /** No file has this number or a higher one, logs excepted. */
  readonly nextNumber: number
  /** All operations up to this one are in tables. */
  readonly flushedSequence: number
  /** Table by number, and its level. */
  readonly tables: ReadonlyMap<number, LeveledTable>
  /** Range deletes that may hide entries of tables. */
  readonly ranges: readonly RangeDelete[]
  /** All but the default one; dropped ones as long as logs may name them. */
  readonly keyspaces: readonly KeyspaceRecord[]
  /** Numbers of keyspaces from this one on were never given out. */
  readonly nextKeyspace: number
}

/** The state of a store that holds nothing yet. */
export const NEW_STORE: ManifestState = Object.freeze({
  ordinal: 0,
  firstLog: 0,
  nextNumber: 1,
  flushedSequence: 0,
  tables: new Map(),
  ranges: [],
  keyspaces: [],
  nextKeyspace: 1,
})

export interface LeveledTable {
  readonly level: number
  readonly meta: TableMeta
}

/** A step from one state to the next. */
export interface ManifestEdit extends KeyspaceEdit {
  readonly added?: readonly LeveledTable[]
  readonly removed?: readonly number[]
  readonly firstLog?: number
  readonly nextNumber?: number
  readonly flushedSequence?: number
  readonly addedRanges?: readonly RangeDelete[]
  readonly removedRanges?: readonly RangeDelete[]
}

/** A frame as read: a state, or an edit with its ordinal. */
export type ManifestFrame =
  | { readonly kind: 'state'; readonly state: ManifestState }
  | { readonly kind: 'edit'; readonly ordinal: number; readonly edit: ManifestEdit }

export function applyEdit(state: ManifestState, edit: ManifestEdit): ManifestState {
  const tables = new Map(state.tables)
  for (const number of edit.removed ?? []) tables.delete(number)
  for (const table of edit.added ?? []) tables.set(table.meta.number, table)
  return {
    ordinal: state.ordinal + 1,
    firstLog: edit.firstLog ?? state.firstLog,
    nextNumber: edit.nextNumber ?? state.nextNumber,
    flushedSequence: edit.flushedSequence ?? state.flushedSequence,
    tables,
    ranges: applyRanges(state.ranges, edit),
    keyspaces: applyKeyspaces(state.keyspaces, edit),
    nextKeyspace: edit.nextKeyspace ?? state.nextKeyspace,
  }
}

function applyRanges(ranges: readonly RangeDelete[], edit: ManifestEdit): readonly RangeDelete[] {
  const { addedRanges = [], removedRanges = [] } = edit
  if (addedRanges.length + removedRanges.length === 0) return ranges
  const kept = ranges.filter((range) => !removedRanges.some((gone) => isSameRange(gone, range)))
  return [...kept, ...addedRanges]
}

function applyKeyspaces(
  keyspaces: readonly KeyspaceRecord[],
  { addedKeyspaces = [], removedKeyspaces = [] }: ManifestEdit,
): readonly KeyspaceRecord[] {
  if (addedKeyspaces.length + removedKeyspaces.length === 0) return keyspaces
  return [...keyspaces.filter(({ id }) => !removedKeyspaces.includes(id)), ...addedKeyspaces]
}

function frame(type: number, value: unknown): Uint8Array {
  const json = Buffer.from(JSON.stringify(value))
  const bytes = new Uint8Array(FRAME_HEADER_BYTES + json.length)
  bytes.set(json, FRAME_HEADER_BYTES)
  sealFrame(bytes, 0, bytes.length, type)
  return bytes
}

const tableToJson = ({ level, meta }: LeveledTable): unknown => ({ level, ...metaToJson(meta) })

export function encodeState(state: ManifestState): Uint8Array {
  const tables = [...state.tables.values()].map(tableToJson)
  const ranges = state.ranges.map(rangeToJson)
  const format = MANIFEST_FORMAT_VERSION
  return frame(FRAME_STATE, { magic: MAGIC, format, ...state, tables, ranges })
}

export function encodeEdit(ordinal: number, edit: ManifestEdit): Uint8Array {
  return frame(FRAME_EDIT, {
    ordinal,
    ...edit,
    added: edit.added?.map(tableToJson),
    addedRanges: edit.addedRanges?.map(rangeToJson),
    removedRanges: edit.removedRanges?.map(rangeToJson),
  })
}

/** What a manifest file holds. */
export interface ManifestScan {
  readonly frames: readonly ManifestFrame[]
  /** Where something is that is no frame; undefined when all is sound. */
  readonly damagedAt: number | undefined
  /** There are sound frames behind that place: it is no torn tail. */
  readonly goesOnBehindDamage: boolean
  /** The format that the file says it has, when it is another one. */
  readonly foreignFormat: unknown
  /** It is in a format before the one of now. */
  readonly outdated: boolean
}

/** Reads all sound frames, also those behind damage. */
export function scanManifest(bytes: Uint8Array): ManifestScan {
  const frames: ManifestFrame[] = []
  let damagedAt: number | undefined
  let goesOnBehindDamage = false
  let foreignFormat: unknown
  let outdated = false
  for (let at = 0; at < bytes.length; ) {
    const end = frameEnd(bytes, at, bytes.length)
    const value = end < 0 ? undefined : parse(bytes.subarray(at + FRAME_HEADER_BYTES, end))
    const format = value?.['magic'] === MAGIC ? value['format'] : MANIFEST_FORMAT_VERSION
    if (!isKnownFormat(format)) foreignFormat = format
    else if (format !== MANIFEST_FORMAT_VERSION) outdated = true
    const found = value === undefined ? undefined : decodeFrame(bytes[at + 8], value)
    if (found === undefined) {
      damagedAt ??= at
      at += 1
      continue
    }
    goesOnBehindDamage = damagedAt !== undefined
    frames.push(found)
    at = end
  }
  if (bytes.length === 0) damagedAt = 0
  return { frames, damagedAt, goesOnBehindDamage, foreignFormat, outdated }
}

type Json = Readonly<Record<string, unknown>>

function parse(bytes: Uint8Array): Json | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString())
    return typeof value === 'object' && value !== null ? (value as Json) : undefined
  } catch {
    // Not JSON, so not a frame of ours: the caller reports the damage.
    return undefined
  }
}

function decodeFrame(type: number | undefined, json: Json): ManifestFrame | undefined {
  const { ordinal } = json
  if (!isCount(ordinal)) return undefined
  if (type === FRAME_EDIT) {
    const edit = decodeEdit(json)
    return edit === undefined ? undefined : { kind: 'edit', ordinal, edit }
  }
  if (type !== FRAME_STATE || json['magic'] !== MAGIC) return undefined
  const { format, firstLog, nextNumber, flushedSequence } = json
  const tables = decodeTables(json['tables'])
  const first = format === FIRST_FORMAT_VERSION
  const ranges = first ? [] : decodeRanges(json['ranges'])
  const keyspaces = first ? [] : decodeKeyspaces(json['keyspaces'])
  const nextKeyspace = first ? 1 : json['nextKeyspace']
  if (!isKnownFormat(format)) return undefined
  if (tables === undefined || ranges === undefined || keyspaces === undefined) return undefined
  if (!isCount(nextKeyspace)) return undefined
  if (!isCount(firstLog) || !isCount(nextNumber) || !isCount(flushedSequence)) return undefined
  const byNumber = new Map(tables.map((table) => [table.meta.number, table]))
  const logs = { firstLog, nextNumber, flushedSequence }
  const state = { ordinal, ...logs, tables: byNumber, ranges, keyspaces, nextKeyspace }
  return { kind: 'state', state }
}

function decodeEdit(json: Json): ManifestEdit | undefined {
  const edit: { -readonly [K in keyof ManifestEdit]: ManifestEdit[K] } = {}
  for (const field of ['firstLog', 'nextNumber', 'flushedSequence', 'nextKeyspace'] as const) {
    const value = json[field]
    if (value === undefined) continue
    if (!isCount(value)) return undefined
    edit[field] = value
  }
  if (json['removed'] !== undefined) {
    const removed = json['removed']
    if (!Array.isArray(removed) || !removed.every(isCount)) return undefined
    edit.removed = removed
  }
  if (json['added'] !== undefined) {
    const added = decodeTables(json['added'])
    if (added === undefined) return undefined
    edit.added = added
  }
  for (const field of ['addedRanges', 'removedRanges'] as const) {
    if (json[field] === undefined) continue
    const ranges = decodeRanges(json[field])
    if (ranges === undefined) return undefined
    edit[field] = ranges
  }
  return decodeKeyspaceEdit(json, edit) ? edit : undefined
}

/** Adds what an edit does to keyspaces; false when it is malformed. */
function decodeKeyspaceEdit(
  json: Json,
  edit: { -readonly [K in keyof ManifestEdit]: ManifestEdit[K] },
): boolean {
  const { removedKeyspaces: removed, addedKeyspaces: added } = json
  if (removed !== undefined) {
    if (!Array.isArray(removed) || !removed.every(isCount)) return false
    edit.removedKeyspaces = removed
  }
  if (added === undefined) return true
  const keyspaces = decodeKeyspaces(added)
  if (keyspaces === undefined) return false
  edit.addedKeyspaces = keyspaces
  return true
}

function decodeKeyspaces(value: unknown): KeyspaceRecord[] | undefined {
  if (!Array.isArray(value)) return undefined
  const keyspaces = (value as unknown[]).map(keyspaceFromJson)
  return keyspaces.includes(undefined) ? undefined : (keyspaces as KeyspaceRecord[])
}

function decodeRanges(value: unknown): RangeDelete[] | undefined {
  if (!Array.isArray(value)) return undefined
  const ranges = (value as unknown[]).map(rangeFromJson)
  return ranges.includes(undefined) ? undefined : (ranges as RangeDelete[])
}

function decodeTables(value: unknown): LeveledTable[] | undefined {
  if (!Array.isArray(value)) return undefined
  const tables: LeveledTable[] = []
  for (const item of value as unknown[]) {
    const meta = metaFromJson(item)
    const level = (item as { level?: unknown } | null)?.level
    if (meta === undefined || !isCount(level) || level >= LEVELS) return undefined
    tables.push({ level, meta })
  }
  return tables
}
