import { isCount } from '../bytes/integers.ts'
import { type CompactionPolicy, isPolicy } from '../compaction/policy.ts'
import { type Compression, isCompression } from '../compression/compression.ts'

/** What the manifest knows of a keyspace. */
export interface KeyspaceRecord {
  readonly id: number
  readonly name: string
  /** Entries live so long unless they say otherwise. */
  readonly ttlMs?: number
  /** Name of its merge operator. */
  readonly merge?: string
  /** How its blocks are compressed. */
  readonly compression?: Compression
  /** What becomes of its tables. */
  readonly policy?: CompactionPolicy
  /** Where its blocks are cut. */
  readonly blockBytes?: number
  /** Bits of the filter for each of its keys. */
  readonly filterBits?: number
  /** From which size on its values go to value files; 0 for none. */
  readonly largeValueBytes?: number
  /** It was dropped by this operation; its name is kept while logs may have changes of it. */
  readonly droppedAt?: number
}

const isPositive = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) > 0

/** The record, or undefined when the value is not one. */
export function keyspaceFromJson(value: unknown): KeyspaceRecord | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const record = value as Partial<Record<keyof KeyspaceRecord, unknown>>
  const { id, name, ttlMs, merge, compression, policy, blockBytes, filterBits, droppedAt } = record
  const { largeValueBytes = 0 } = record
  if (!isPositive(id) || (id as number) > 0xffff_fffe || typeof name !== 'string') return undefined
  if (ttlMs !== undefined && !isPositive(ttlMs)) return undefined
  if (merge !== undefined && typeof merge !== 'string') return undefined
  if (compression !== undefined && !isCompression(compression)) return undefined
  if (policy !== undefined && !isPolicy(policy)) return undefined
  if (blockBytes !== undefined && !isPositive(blockBytes)) return undefined
  if (filterBits !== undefined && !isPositive(filterBits)) return undefined
  if (!isCount(largeValueBytes)) return undefined
  if (droppedAt !== undefined && !isPositive(droppedAt)) return undefined
  return value as KeyspaceRecord
}
