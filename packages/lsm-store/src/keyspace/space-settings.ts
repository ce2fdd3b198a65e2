import type { Compression } from '../compression/compression.ts'

/** What jobs must know of a keyspace that has settings of its own: can be sent to a thread. */
export interface SpaceSettings {
  /** Its number. */
  readonly space: number
  readonly compression?: Compression
  readonly blockBytes?: number
  readonly filterBits?: number
  readonly largeValueBytes?: number
  /** Its entries are in tables without those of others. */
  readonly ownTables?: boolean
}
