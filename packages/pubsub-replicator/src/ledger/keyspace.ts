import { decodeKey, encodeKey, type KeyTuple, prefixEnd } from '@ashlar/codec'

/**
 * Where things are in the store. Everything is below `rep:`, so that a store can be shared:
 *
 *   rep:r <table> <id>          the row
 *   rep:d <time> <table> <id>   a tombstone, by the local time at which it was written
 *   rep:c <table> <publisher>   how far a subscription has come
 *   rep:k <table> <publisher> <id>   a row that the publisher has lost and this node keeps
 *   rep:s <table> <node>        a known subscriber
 *   rep:m <name> ...            facts about this node
 */
const FAMILY = {
  rows: 'rep:r',
  tombstones: 'rep:d',
  cursors: 'rep:c',
  kept: 'rep:k',
  subscribers: 'rep:s',
  meta: 'rep:m',
}

/** The families of keys. */
export type Family = keyof typeof FAMILY

const PREFIX = Object.fromEntries(
  Object.entries(FAMILY).map(([name, text]) => [name, Buffer.from(text)]),
) as Readonly<Record<Family, Buffer>>

const PREFIX_BYTES = 5
const STRING_TAG = 0x50

/** The prefix of all keys of a family. */
export function familyPrefix(family: Family): Uint8Array {
  return PREFIX[family]
}

/** A key of a family. */
export function keyOf(family: Family, tuple: KeyTuple): Uint8Array {
  return Buffer.concat([PREFIX[family], encodeKey(tuple)])
}

/** What a key of any family consists of. */
export function partsOf(key: Uint8Array): readonly unknown[] {
  return decodeKey(key.subarray(PREFIX_BYTES))
}

/** The rows of one table. */
export interface TableKeys {
  readonly prefix: Uint8Array
  /** First key after the table. */
  readonly end: Uint8Array
  key(id: Uint8Array): Uint8Array
  /** The encoded id in a key of this table. */
  id(key: Uint8Array): Uint8Array
}

/** The keys of a table's rows. */
export function tableKeys(table: string): TableKeys {
  const prefix = keyOf('rows', [table])
  const end = prefixEnd(new Uint8Array(prefix)) // a Buffer's slice would share its bytes
  if (end === undefined) throw new RangeError(`no keys for table ${table}`)
  return {
    prefix,
    end,
    key(id) {
      const key = Buffer.allocUnsafe(prefix.length + id.length)
      key.set(prefix)
      key.set(id, prefix.length)
      return key
    },
    id: (key) => key.subarray(prefix.length),
  }
}

/** The table and encoded id of a row's key; undefined for any other key. */
export function parseRowKey(
  key: Uint8Array,
): { readonly table: string; readonly id: Uint8Array } | undefined {
  const prefix = PREFIX.rows
  if (key.length <= PREFIX_BYTES || key[PREFIX_BYTES] !== STRING_TAG) return undefined
  for (let i = 0; i < PREFIX_BYTES; i++) if (key[i] !== prefix[i]) return undefined
  const end = key.indexOf(0, PREFIX_BYTES)
  if (end === -1) return undefined
  // names of tables are plain ASCII, so the first zero ends them
  const table = Buffer.from(key.buffer, key.byteOffset, key.length)
  return { table: table.toString('latin1', PREFIX_BYTES + 1, end), id: key.subarray(end + 1) }
}
