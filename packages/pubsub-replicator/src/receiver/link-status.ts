import type { LinkState } from '../events.ts'

/** How a subscription stands towards one publisher. */
export interface LinkStatus {
  readonly table: string
  readonly publisher: string
  readonly state: LinkState
  /** Sequence of the publisher's store up to which everything selected is applied and written. */
  readonly cursor: number
  /** Newest sequence that the publisher is known to have. */
  readonly head: number
  /** At most so many records are missing: operations of the publisher's store since the cursor. */
  readonly lagRecords: number
  /** How old the copy is: 0 when live and at the head; undefined when it never was. */
  readonly lagMs: number | undefined
  /** Rows received, in pages, pulled and pushed. */
  readonly records: number
  readonly bytes: number
  readonly snapshots: number
  /** How often something pushed was missed, and pulled. */
  readonly gaps: number
  /** Why it is stalled or refused. */
  readonly error: unknown
}
