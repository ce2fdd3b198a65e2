import type { Bytes } from '../protocol/reply.ts'

/** Long strings are stored in pieces of this many bytes, so that a change writes only those. */
export const PIECE_BYTES: number = 32 * 1024
/** Strings of at least this many bytes live outside of the JavaScript heap. */
export const LARGE_STRING_BYTES: number = 32 * 1024

/**
 * A long string value. Readers get the bytes themselves, without a copy; a later change in place
 * copies first when a reader may still hold them (a reply waiting in a socket's queue).
 */
export class LargeString {
  /** Prefix of its pieces in the store; 0 until the first commit. */
  id = 0
  /** What its table was charged for it last. */
  charged = 0
  #bytes: Buffer
  #length: number
  #lent = false
  #isAsGiven = true
  /** Numbers of the pieces changed since the last commit. */
  #touched = new Set<number>()

  constructor(bytes: Buffer) {
    this.#bytes = bytes
    this.#length = bytes.length
    this.touchAll()
  }

  /** Puts a value together again from its stored pieces. */
  static restored(bytes: Buffer, id: number): LargeString {
    const value = new LargeString(bytes)
    value.id = id
    value.#touched.clear()
    return value
  }

  /** The bytes that it was made of, while nothing else was put into them. */
  get asGiven(): Buffer | undefined {
    return this.#isAsGiven ? this.#bytes : undefined
  }

  /** The store has it as it is. */
  get isClean(): boolean {
    return this.id !== 0 && this.#touched.size === 0
  }

  touchAll(): void {
    for (let at = 0; at < this.#length; at += PIECE_BYTES) this.#touched.add(at / PIECE_BYTES)
  }

  /** The numbers of the changed pieces; from here on nothing counts as changed. */
  takeTouched(): ReadonlySet<number> {
    const touched = this.#touched
    this.#touched = new Set()
    return touched
  }

  piece(number: number): Buffer {
    return this.peek().subarray(number * PIECE_BYTES, (number + 1) * PIECE_BYTES)
  }

  get length(): number {
    return this.#length
  }

  /** The bytes, lent out: they will not change. */
  lend(): Buffer {
    this.#lent = true
    return this.peek()
  }

  /** The bytes for use within the current command only. */
  peek(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  /**
   * The bytes for change from `start` to `end`, zero-extended to at least `end`. Pieces of nothing but
   * this extension are not stored: what is missing is zero when the value comes back.
   */
  writable(start: number, end: number): Buffer {
    this.#isAsGiven = false
    const wanted = Math.max(end, this.#length)
    for (let piece = Math.floor(start / PIECE_BYTES); piece * PIECE_BYTES < end; piece += 1)
      this.#touched.add(piece)
    if (this.#lent || wanted > this.#bytes.length) {
      const room = wanted > this.#length ? wanted + (wanted >>> 2) : wanted
      const grown = Buffer.alloc(room)
      this.#bytes.copy(grown, 0, 0, this.#length)
      this.#bytes = grown
      this.#lent = false
    }
    this.#length = wanted
    return this.peek()
  }
}

/** The in-memory form for these bytes. */
export function toStringValue(bytes: Bytes): string | LargeString {
  if (typeof bytes === 'string') {
    if (bytes.length < LARGE_STRING_BYTES) return bytes
    return new LargeString(Buffer.from(bytes, 'latin1'))
  }
  return bytes.length < LARGE_STRING_BYTES ? bytes.toString('latin1') : new LargeString(bytes)
}

export const bytesOf = (value: string | LargeString): Bytes =>
  typeof value === 'string' ? value : value.lend()

export const textOf = (value: string | LargeString): string =>
  typeof value === 'string' ? value : value.peek().toString('latin1')
