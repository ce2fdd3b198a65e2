import { compareBytes } from '../bytes/compare.ts'
import { type Bytes, bytesLength, checkBytes, KeyScratch } from '../bytes/text.ts'
import type { KeyBounds } from '../iterator/range.ts'
import { MAX_KEY_BYTES } from '../memtable/record.ts'
import type { MergeOperator } from '../merge/merge-operator.ts'

/**
 * Keyspaces share one sorted order: the keys of all but the default one stand behind a prefix of
 * eight 0xff bytes and the number of the keyspace. So they share logs, memtables and levels, a batch
 * over many is one frame, snapshots need no care, and one more costs a line in the manifest; a
 * dropped one is a deleted range. Trees of their own would give each its own memtable and files,
 * thousands of small ones with thousands of keyspaces. The default keyspace has no prefix: it costs
 * what it cost, and stores from before keyspaces are what they were.
 */
export const RESERVED: Uint8Array = new Uint8Array(8).fill(0xff)
export const PREFIX_BYTES: number = RESERVED.length + 4

/** Behind all keys of the default keyspace, before all others. */
export const DEFAULT_END: Uint8Array = Uint8Array.of(...RESERVED, 0)

const NO_BYTES = new Uint8Array(0)

/** What operations of a batch name a keyspace by: what `store.keyspace()` gave. */
export interface KeyspaceRef {
  readonly name: string
}

/** Kept here and not in the objects that users have: it is for this package only. */
const spaces: WeakMap<KeyspaceRef, Space> = new WeakMap()

/** Makes an object stand for a keyspace. */
export function bindSpace(ref: KeyspaceRef, space: Space): void {
  spaces.set(ref, space)
}

/** The keyspace that an object stands for. */
export function spaceOf(ref: KeyspaceRef): Space | undefined {
  return typeof ref === 'object' && ref !== null ? spaces.get(ref) : undefined
}

/** A keyspace as the rest of the store sees it. */
export class Space {
  /** 0 is the default one. Never used again. */
  readonly id: number
  readonly name: string
  /** The store that it belongs to, for telling handles of another one. */
  readonly owner: object
  /** Stands in front of each key. */
  readonly prefix: Uint8Array
  /** The first key behind all of this keyspace. */
  readonly end: Uint8Array
  /** Where lookups put the key. */
  readonly key: KeyScratch
  dropped = false
  /** Time to live of entries that say none; 0 is for ever. */
  ttlMs = 0
  /** What merges do; undefined when there is none, or it was not given yet. */
  operator: MergeOperator | undefined
  /** Module of its compaction filter. */
  filter: string | undefined

  constructor(id: number, name: string, owner: object) {
    this.id = id
    this.name = name
    this.owner = owner
    this.prefix = id === 0 ? NO_BYTES : prefixOf(id)
    this.end = id === 0 ? DEFAULT_END : prefixOf(id + 1)
    this.key = new KeyScratch(this.prefix)
  }

  /** Bounds in the order of the whole store. */
  bounds({ from, to }: KeyBounds): { readonly from: Uint8Array; readonly to: Uint8Array } {
    const end = to === undefined ? this.end : this.full(to)
    return {
      from: this.full(from ?? NO_BYTES),
      // Bounds of the default keyspace may lie behind it.
      to: compareBytes(end, this.end) < 0 ? end : this.end,
    }
  }

  /** The key as it stands in the store. */
  full(key: Uint8Array): Uint8Array {
    if (this.id === 0) return key
    const full = new Uint8Array(PREFIX_BYTES + key.length)
    full.set(this.prefix)
    full.set(key, PREFIX_BYTES)
    return full
  }

  /** Throws unless it can be the key of an entry here. */
  checkKey(key: Bytes): void {
    checkBytes(key, 'key')
    const most = MAX_KEY_BYTES - this.prefix.length
    if (key.length * 3 > most && bytesLength(key) > most) {
      throw new RangeError(`key must have at most ${most} bytes, got ${bytesLength(key)}`)
    }
    if (this.id === 0 && isReserved(key)) {
      throw new RangeError('key must not start with eight 0xff bytes and go on: they are reserved')
    }
  }
}

function isReserved(key: Bytes): boolean {
  // No string is written with such bytes.
  if (typeof key === 'string' || key[0] !== 0xff || key.length <= RESERVED.length) return false
  return RESERVED.every((byte, i) => key[i] === byte)
}

function prefixOf(id: number): Uint8Array {
  return Uint8Array.of(...RESERVED, id >>> 24, id >>> 16, id >>> 8, id)
}

/** Number of the keyspace of a key as it stands in the store. */
export function spaceIdOf(bytes: Uint8Array, start: number, end: number): number {
  if (bytes[start] !== 0xff || end - start < PREFIX_BYTES) return 0
  for (let i = 1; i < RESERVED.length; i++) if (bytes[start + i] !== 0xff) return 0
  const at = start + RESERVED.length
  const byte = (i: number): number => bytes[at + i] as number
  return byte(0) * 2 ** 24 + (byte(1) << 16) + (byte(2) << 8) + byte(3)
}
