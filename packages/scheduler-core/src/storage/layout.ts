import { prefixEnd } from '@ashlar/codec'

/** Greatest time that a key can hold: 48 bits of milliseconds, the year 10889. */
export const MAX_TIME: number = 2 ** 48 - 1
/** Greatest sequence number: what a double counts exactly. */
export const MAX_SEQUENCE: number = Number.MAX_SAFE_INTEGER
/** Greatest queue number: 24 bits. */
export const MAX_QUEUE_NUMBER: number = 2 ** 24 - 1
/** queue u24, time u48, sequence u56: what a task id is made of. */
export const ID_BYTES = 16

const TIME_AT = 3
const SEQUENCE_AT = 9

/** One letter per kind of entry, behind the prefix; docs/store-layout.md describes each. */
const TAG = {
  format: 0x76, // v
  sequence: 0x6e, // n
  queue: 0x71, // q
  counters: 0x63, // c
  lowMark: 0x6d, // m
  handler: 0x68, // h
  due: 0x74, // t
  waiting: 0x77, // w
  lane: 0x6c, // l
  dead: 0x78, // x
  forward: 0x69, // i
  unique: 0x75, // u
  slot: 0x73, // s
  result: 0x72, // r
  expiry: 0x65, // e
  schedule: 0x70, // p
  blocked: 0x62, // b
  pending: 0x67, // g
  outcome: 0x64, // d
  bucket: 0x6b, // k
  share: 0x6f, // o
} as const

export type Tag = keyof typeof TAG

/** A range of keys, as a store's iterator takes it. */
export interface KeyBounds {
  readonly gte: Uint8Array
  readonly lt: Uint8Array
}

/** A place in the order of a queue. */
export interface Position {
  readonly at: number
  readonly seq: number
}

export function comparePositions(a: Position, b: Position): number {
  return a.at === b.at ? a.seq - b.seq : a.at - b.at
}

export function writePlace(
  into: Buffer,
  offset: number,
  queue: number,
  at: number,
  seq: number,
): void {
  into.writeUIntBE(queue, offset, 3)
  into.writeUIntBE(at, offset + TIME_AT, 6)
  into.writeUIntBE(Math.floor(seq / 2 ** 32), offset + SEQUENCE_AT, 3)
  into.writeUInt32BE(seq % 2 ** 32, offset + SEQUENCE_AT + 3)
}

export interface Place {
  readonly queue: number
  readonly at: number
  readonly seq: number
}

/** Reads the 16 bytes (queue, time, sequence) that end a key. */
export function readPlace(bytes: Uint8Array, offset: number): Place {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return {
    queue: view.readUIntBE(offset, 3),
    at: view.readUIntBE(offset + TIME_AT, 6),
    seq: view.readUIntBE(offset + SEQUENCE_AT, 3) * 2 ** 32 + view.readUInt32BE(offset + 12),
  }
}

/** Reads the key of a waiting task: the queue at `offset`, the place in turn at the end. */
export function readWaitingPlace(bytes: Uint8Array, offset: number): Place {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const end = view.length
  return {
    queue: view.readUIntBE(offset, 3),
    at: view.readUIntBE(end - 13, 6),
    seq: view.readUIntBE(end - 7, 3) * 2 ** 32 + view.readUInt32BE(end - 4),
  }
}

/**
 * Builds every key that a scheduler writes. All start with its prefix, then a tag; numbers are big
 * endian, so that byte order is the order in which tasks are due.
 */
export class Layout {
  readonly prefix: Uint8Array

  constructor(prefix: string) {
    this.prefix = Buffer.from(prefix, 'utf8')
  }

  /** (queue, time, sequence): a task in the area of due, dead or forwarded tasks, or a result. */
  task(tag: Tag, queue: number, at: number, seq: number): Buffer {
    const key = this.#key(tag, ID_BYTES)
    writePlace(key, key.length - ID_BYTES, queue, at, seq)
    return key
  }

  /** Where the task stands among those that wait behind their key. */
  waiting(queue: number, taskKey: string, order: number, seq: number): Buffer {
    const name = Buffer.from(taskKey, 'utf8')
    const key = this.#key('waiting', 3 + 2 + name.length + 13)
    const start = this.prefix.length + 1
    key.writeUIntBE(queue, start, 3)
    key.writeUInt16BE(name.length, start + 3)
    key.set(name, start + 5)
    const end = start + 5 + name.length
    key.writeUIntBE(order, end, 6)
    key.writeUIntBE(Math.floor(seq / 2 ** 32), end + 6, 3)
    key.writeUInt32BE(seq % 2 ** 32, end + 9)
    return key
  }

  /** A named thing of a queue: a lane's state, a unique key, a token bucket. */
  named(tag: Tag, queue: number, name: string): Buffer {
    const text = Buffer.from(name, 'utf8')
    const key = this.#key(tag, 3 + text.length)
    key.writeUIntBE(queue, this.prefix.length + 1, 3)
    key.set(text, this.prefix.length + 4)
    return key
  }

  /** One thing per queue. */
  perQueue(tag: Tag, queue: number): Buffer {
    const key = this.#key(tag, 3)
    key.writeUIntBE(queue, this.prefix.length + 1, 3)
    return key
  }

  /** One thing per scheduler, or the start of all of a kind. */
  single(tag: Tag): Buffer {
    return this.#key(tag, 0)
  }

  text(tag: Tag, name: string): Buffer {
    const text = Buffer.from(name, 'utf8')
    const key = this.#key(tag, text.length)
    key.set(text, this.prefix.length + 1)
    return key
  }

  slot(index: number): Buffer {
    const key = this.#key('slot', 4)
    key.writeUInt32BE(index, this.prefix.length + 1)
    return key
  }

  /** An entry of the queue of results to purge: (expiry, id). */
  expiry(expiresAt: number, id: Uint8Array): Buffer {
    const key = this.#key('expiry', 6 + ID_BYTES)
    key.writeUIntBE(expiresAt, this.prefix.length + 1, 6)
    key.set(id, this.prefix.length + 7)
    return key
  }

  /** Bytes in front of what follows prefix and tag. */
  get headLength(): number {
    return this.prefix.length + 1
  }

  /** Every key that begins like this. */
  under(prefix: Uint8Array): KeyBounds {
    return { gte: prefix, lt: after(prefix) }
  }

  /** Every entry of a kind, of one queue when it is named. */
  bounds(tag: Tag, queue?: number): KeyBounds {
    const gte = queue === undefined ? this.single(tag) : this.perQueue(tag, queue)
    return { gte, lt: after(gte) }
  }

  /** The tasks that wait behind one key. */
  waitingBounds(queue: number, taskKey: string): KeyBounds {
    const full = this.waiting(queue, taskKey, 0, 0)
    const gte = full.subarray(0, full.length - 13)
    return { gte, lt: after(gte) }
  }

  #key(tag: Tag, length: number): Buffer {
    const head = this.prefix.length
    const key = Buffer.allocUnsafe(head + 1 + length)
    key.set(this.prefix, 0)
    key[head] = TAG[tag]
    return key
  }
}

function after(prefix: Uint8Array): Uint8Array {
  const end = prefixEnd(Uint8Array.from(prefix))
  // A key holds an ASCII tag, so there is always something greater.
  if (end === undefined) throw new RangeError('a key prefix must have a successor')
  return end
}
