import { TransportError } from '../errors.ts'
import type { KvEntry } from '../kv/key-value.ts'

/** What stands under the key of a lease, as JSON so that any client can read it. */
export interface LeaseRecord {
  readonly owner: string
  /** Tells this holding from every other, also of the same owner. */
  readonly id: string
  readonly ttlMs: number
}

/** The record as bytes. */
export function encodeLeaseRecord(record: LeaseRecord): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(record))
}

/** Throws `KV_EXISTS` when the key holds something else: it is not for a lease to overwrite. */
export function decodeLeaseRecord(bucket: string, entry: KvEntry): LeaseRecord {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder().decode(entry.value))
  } catch (error) {
    throw notALease(bucket, entry, error)
  }
  if (!isLeaseRecord(value)) throw notALease(bucket, entry, undefined)
  return value
}

function isLeaseRecord(value: unknown): value is LeaseRecord {
  return (
    typeof value === 'object' &&
    value !== null &&
    'owner' in value &&
    typeof value.owner === 'string' &&
    'id' in value &&
    typeof value.id === 'string' &&
    'ttlMs' in value &&
    typeof value.ttlMs === 'number'
  )
}

function notALease(bucket: string, entry: KvEntry, cause: unknown): TransportError {
  return new TransportError(
    'KV_EXISTS',
    `key ${entry.key} of bucket ${bucket} holds something that is no lease; use another key`,
    { cause, actual: entry.revision },
  )
}
