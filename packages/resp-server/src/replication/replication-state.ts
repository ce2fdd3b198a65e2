import { createRecordCodec, type Random } from '@ashlar/codec'
import type { Store } from '@ashlar/lsm-store'
import { RespServerError } from '../errors.ts'
import { controlKey } from '../persistence/layout.ts'

/**
 * A history of changes: what one primary wrote from when it became one. Its epoch is that of the
 * lease under which it was written; of two histories that with the greater epoch holds.
 */
export interface Timeline {
  /** 40 hexadecimal digits, as Redis' replication ids. */
  readonly id: string
  readonly epoch: number
}

export const createTimeline = (epoch: number, random: Random): Timeline => ({
  id: Buffer.from(random.bytes(20)).toString('hex'),
  epoch,
})

/** A place in a timeline: the sequence of a change in the store of the primary that made it. */
export interface Position {
  readonly timeline: Timeline
  readonly sequence: number
}

/** Where a timeline went on from: another timeline, up to a sequence of that. */
export interface Ancestor {
  readonly id: string
  readonly upTo: number
  /** Sequences of that timeline are those of this very store; else its log says which is which. */
  readonly isOwn: boolean
}

/** What the store holds, as the store itself says: written with each change that is applied. */
export interface ReplicationState {
  readonly timeline: Timeline
  /** Undefined for a primary: as far as the store goes. */
  readonly sequence: number | undefined
  /** Sequences of the timeline are those of this store, because it was the primary. */
  readonly isOwn: boolean
  readonly ancestor: Ancestor | undefined
  /** False from when a snapshot begins to come until it is whole: the store is to be filled anew. */
  readonly isComplete: boolean
  /**
   * From this sequence of this node's own store on, changes in its log name their keys; undefined when
   * they do not. See ChangeNames.
   */
  readonly namedSince?: number | undefined
}

const codec = createRecordCodec<ReplicationState>({ version: 1 })

/** Each node has its own: it is left out of what others are sent. */
export const REPLICATION_KEY: Buffer = controlKey('replication')
export const NO_TIMELINE: Timeline = { id: '0'.repeat(40), epoch: 0 }
export const encodeState = (state: ReplicationState): Uint8Array => codec.encode(state)
export const decodeState = (bytes: Uint8Array): ReplicationState => codec.decode(bytes)

/** A store that was never replicated holds no timeline, and all that it has is its own. */
export function readState(store: Store): ReplicationState {
  const bytes = store.getSync(REPLICATION_KEY)
  if (bytes === undefined) {
    const nothing = { sequence: undefined, isOwn: true, ancestor: undefined, isComplete: true }
    return { timeline: NO_TIMELINE, ...nothing }
  }
  try {
    return decodeState(bytes)
  } catch (cause) {
    throw new RespServerError('STORE_FORMAT', 'the replication state is unreadable', { cause })
  }
}

/** The position that a state stands for. */
export const positionOf = (state: ReplicationState, store: Store): Position => ({
  timeline: state.timeline,
  sequence: state.sequence ?? store.lastSequence,
})
