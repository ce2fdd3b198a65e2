import type { LinkStatus } from './receiver/link-status.ts'

/** A node that subscribes to a table of this one. */
export interface SubscriberStatus {
  readonly table: string
  readonly node: string
  /** It was heard of lately and changes are pushed to it. */
  readonly online: boolean
  /** Sequence of this node's store up to which everything is durable there. */
  readonly acknowledged: number
  /** At most so many records are missing there. */
  readonly lagRecords: number
  /** Wall clock at which it was last heard of. */
  readonly seenMs: number
}

/** A node as it stands. */
export interface ReplicatorStatus {
  readonly node: string
  /** Identity of its store: another one after the disk was lost. */
  readonly store: string
  /** How often that store has been opened. */
  readonly life: number
  /** Sequence of the last operation in the store. */
  readonly head: number
  readonly subscriptions: readonly LinkStatus[]
  readonly subscribers: readonly SubscriberStatus[]
  /** Writes that lost against one whose writer had not seen them, since it was opened. */
  readonly conflicts: number
  /** Messages dropped because they were malformed, since it was opened. */
  readonly rejected: number
  /** Errors told to `onError`, since it was opened. */
  readonly errors: number
}
