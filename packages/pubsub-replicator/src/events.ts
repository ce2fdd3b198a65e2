import type { HlcTimestamp } from '@ashlar/codec'
import type { RecordData } from './record/record.ts'
import type { RecordId } from './record/record-id.ts'

/** One side of a conflict. */
export interface ConflictSide {
  readonly stamp: HlcTimestamp
  /** Undefined when that write was a delete. */
  readonly record: RecordData | undefined
}

/** Two nodes wrote without having seen each other; one write lost. Told on each node that sees both. */
export interface ConflictInfo {
  readonly table: string
  readonly id: RecordId
  readonly winner: ConflictSide
  readonly loser: ConflictSide
  /** The fields that were lost; undefined when it was the record as a whole. */
  readonly fields: readonly string[] | undefined
}

/**
 * How a subscription stands towards one publisher. `connecting`: no answer yet, or none any more.
 * `snapshot`: rows come in pages and the selection is incomplete. `catching-up`: the log is read on
 * from the cursor. `live`: changes arrive as they are made. `refused`: the publisher does not
 * grant it. `stalled`: what came cannot be applied, and is tried again. `closed`: it has ended.
 */
export type LinkState =
  | 'connecting'
  | 'snapshot'
  | 'catching-up'
  | 'live'
  | 'refused'
  | 'stalled'
  | 'closed'

/** A subscription went from one state to another. */
export interface StateInfo {
  readonly table: string
  readonly publisher: string
  readonly state: LinkState
  readonly previous: LinkState
}

/** A snapshot of a subscribed range has been taken over. */
export interface SnapshotInfo {
  readonly table: string
  readonly publisher: string
  readonly rows: number
  /** Rows that had come from the publisher and were not there any more. */
  readonly evicted: number
  readonly sequence: number
}

/** Something failed, and goes on or is tried again; or a message was dropped. */
export interface ErrorInfo {
  readonly error: unknown
  /** What was being done. */
  readonly during: string
  readonly table: string | undefined
  /** The other node, where one is known. */
  readonly node: string | undefined
}

/** Callbacks of facts. They cannot change what happens, and what they throw cannot hurt. */
export interface ReplicatorEvents {
  readonly onConflict?: (info: ConflictInfo) => void
  readonly onState?: (info: StateInfo) => void
  readonly onSnapshot?: (info: SnapshotInfo) => void
  readonly onError?: (info: ErrorInfo) => void
}
