import { createRecordCodec, type RecordCodec } from '@ashlar/codec'
import type { ModuleVersions } from '../modules/module-versions.ts'
import type { Address, NodeId } from './member.ts'
import type { Timeline } from './replication-state.ts'

/** What a node that follows asks the primary. */
export type FeedRequest =
  | {
      readonly do: 'open'
      readonly node: NodeId
      readonly address: Address
      readonly timeline: Timeline
      readonly sequence: number
      /** It has only a part of a snapshot: nothing to go on from. */
      readonly isComplete: boolean
      /** Its modules want to hear of changed keys: changes have to name them. */
      readonly needsNames?: boolean
    }
  | {
      readonly do: 'next'
      readonly node: NodeId
      readonly session: string
      /** Number of the block; asking for one says that those before it are applied. */
      readonly block: number
      /** Bytes of the block that it has already. */
      readonly offset: number
      /** Up to where it has applied and written everything; 0 before it has. */
      readonly applied: number
    }
  /** How far are you? Asked before a node becomes the primary. */
  | { readonly do: 'status' }
  /** The primary is about to give up its place: be quick to take it. */
  | { readonly do: 'take' }

/** What it is told. */
export type FeedReply =
  | {
      readonly is: 'open'
      readonly session: string
      readonly timeline: Timeline
      /** A snapshot comes first. */
      readonly isFull: boolean
      /** Changes name their keys. */
      readonly isNamed?: boolean
      /** What the node must have to hold what it is sent. */
      readonly modules?: ModuleVersions
    }
  | { readonly is: 'part'; readonly total: number; readonly bytes: Uint8Array }
  /** Nothing new; this is where the primary stands. */
  | { readonly is: 'idle'; readonly sequence: number }
  /** There is no such session any more: open another one. */
  | { readonly is: 'gone' }
  /** It is not the primary. */
  | { readonly is: 'refused' }
  | {
      readonly is: 'status'
      readonly node: NodeId
      readonly timeline: Timeline
      readonly sequence: number
      readonly isComplete: boolean
    }
  | { readonly is: 'ok' }

/** A part of a block with what stands around it fits into any transport's message. */
export const MAX_MESSAGE_BYTES: number = 2 * 1024 * 1024

export const requests: RecordCodec<FeedRequest> = createRecordCodec<FeedRequest>({
  version: 1,
  maxBytes: MAX_MESSAGE_BYTES,
})
export const replies: RecordCodec<FeedReply> = createRecordCodec<FeedReply>({
  version: 1,
  maxBytes: MAX_MESSAGE_BYTES,
})
