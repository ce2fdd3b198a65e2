import type { HlcTimestamp } from '@ashlar/codec'
import type { Operation } from '@ashlar/lsm-store'
import { keyOf, partsOf } from './keyspace.ts'

/** A tombstone as the index knows it. */
export interface IndexedTombstone {
  readonly key: Uint8Array
  /** Local clock when it was written here: grows with the sequence of the store. */
  readonly time: bigint
  readonly table: string
  readonly id: Uint8Array
  /** The tombstone is still this one while the row has this stamp. */
  readonly stamp: HlcTimestamp
}

/** Notes a tombstone, so that it can be found and collected. */
export function tombstoneOperation(
  table: string,
  id: Uint8Array,
  time: bigint,
  stamp: HlcTimestamp,
): Operation {
  const value = Buffer.allocUnsafe(8 + stamp.node.length)
  value.writeBigUInt64BE(stamp.time)
  value.write(stamp.node, 8, 'latin1')
  return { type: 'put', key: keyOf('tombstones', [time, table, id]), value }
}

/** Reads what {@link tombstoneOperation} wrote. */
export function decodeTombstone(key: Uint8Array, value: Uint8Array): IndexedTombstone {
  const [time, table, id] = partsOf(key)
  if (typeof time !== 'bigint' || typeof table !== 'string' || !(id instanceof Uint8Array)) {
    throw new TypeError('a key among the tombstones names no tombstone')
  }
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.length)
  return {
    key,
    time,
    table,
    id,
    stamp: { time: bytes.readBigUInt64BE(), node: bytes.toString('latin1', 8) },
  }
}
