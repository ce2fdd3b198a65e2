import type { Bytes } from '../protocol/reply.ts'

/** Strings of at least this many bytes live outside of the JavaScript heap. */
export const LARGE_STRING_BYTES: number = 32 * 1024

/**
 * A long string value. Readers get the bytes themselves, without a copy; a later change in place
 * copies first when a reader may still hold them (a reply waiting in a socket's queue).
 */
export class LargeString {
  #bytes: Buffer
  #length: number
  #lent = false

  constructor(bytes: Buffer) {
    this.#bytes = bytes
    this.#length = bytes.length
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

  /** The bytes for change in place, zero-extended to at least `length`. */
  writable(length: number): Buffer {
    const wanted = Math.max(length, this.#length)
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
