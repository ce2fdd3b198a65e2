import { type HlcTimestamp, HybridClock } from '@ashlar/codec'

/**
 * What is stored, logged and sent for one id: a join-semilattice element.
 *
 * The floor is the last write of the record as a whole (put or delete); fields written one by one
 * since then carry stamps of their own. See docs/formats/replication.md.
 */
export interface Row {
  /** Stamp of the floor. */
  readonly stamp: HlcTimestamp
  /** The floor is a delete, or nothing was ever there. */
  readonly deleted: boolean
  /** Not a version but a notice: the row left the selection, up to `stamp`. Joins with nothing. */
  readonly evicted: boolean
  /** Time of the newest version that the writer of this one had seen; 0 for none. */
  readonly previous: bigint
  /** Node from which this version came; empty when it was written here. Never sent. */
  readonly via: string
  /** Digests of the selections that held the row before this version and do not any more. Never sent. */
  readonly left: readonly string[]
  /** The fields known of a row that came through a projection, in order; undefined for all. */
  readonly columns: readonly string[] | undefined
  /** Stamps of the fields newer than the floor; a field in here and not in the value is removed. */
  readonly fields: ReadonlyMap<string, HlcTimestamp> | undefined
  /** The encoded record; undefined when readers see none. */
  readonly value: Uint8Array | undefined
}

/** Below every stamp: the floor of a row that was only ever patched. */
export const ZERO_STAMP: HlcTimestamp = Object.freeze({ time: 0n, node: '' })

/** The newest stamp in the row. */
export function latestStamp(row: Row): HlcTimestamp {
  let latest = row.stamp
  if (row.fields === undefined) return latest
  for (const stamp of row.fields.values()) {
    if (HybridClock.compare(stamp, latest) > 0) latest = stamp
  }
  return latest
}

/** True when a part of the row was written by the node. */
export function isWrittenBy(row: Row, node: string): boolean {
  if (row.stamp.node === node) return true
  if (row.fields === undefined) return false
  for (const stamp of row.fields.values()) if (stamp.node === node) return true
  return false
}

/** True when all parts of the row were written by the node. */
export function isWrittenOnlyBy(row: Row, node: string): boolean {
  if (row.stamp.node !== node) return false
  if (row.fields === undefined) return true
  for (const stamp of row.fields.values()) if (stamp.node !== node) return false
  return true
}

/** A notice that what a row was up to `stamp` is not selected any more. */
export function evictionOf(stamp: HlcTimestamp, left: readonly string[] = []): Row {
  return {
    stamp,
    deleted: true,
    evicted: true,
    previous: 0n,
    via: '',
    left,
    columns: undefined,
    fields: undefined,
    value: undefined,
  }
}
