/** Strings and numbers in one string of bytes, as stream records are stored. */

export function packNumber(value: number): string {
  const high = Math.floor(value / 0x1_0000_0000)
  const low = value >>> 0
  return String.fromCharCode(
    (high >>> 24) & 0xff,
    (high >>> 16) & 0xff,
    (high >>> 8) & 0xff,
    high & 0xff,
    low >>> 24,
    (low >>> 16) & 0xff,
    (low >>> 8) & 0xff,
    low & 0xff,
  )
}

const lengthBytes = (length: number): string =>
  String.fromCharCode(length >>> 24, (length >>> 16) & 0xff, (length >>> 8) & 0xff, length & 0xff)

/** Of the lengths that most strings have. */
const SHORT_LENGTHS: readonly string[] = Array.from({ length: 64 }, (_, at) => lengthBytes(at))

const packLength = (length: number): string => SHORT_LENGTHS[length] ?? lengthBytes(length)

export const packString = (text: string): string => packLength(text.length) + text

/** All of them, one behind the other. */
export function packPairs(pairs: readonly string[]): string {
  let packed = ''
  for (const text of pairs) packed += packLength(text.length) + text
  return packed
}

/** Reads what {@link packNumber} and {@link packString} wrote, in order. */
export class Unpacker {
  readonly #bytes: string
  #at: number

  constructor(bytes: string, at = 0) {
    this.#bytes = bytes
    this.#at = at
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length
  }

  /** Signed, 64 bits, exact up to 2^53. */
  number(): number {
    const high = this.#word() | 0
    return high * 0x1_0000_0000 + this.#word()
  }

  string(): string {
    return this.take(this.#word())
  }

  take(length: number): string {
    const text = this.#bytes.slice(this.#at, this.#at + length)
    this.#at += length
    return text
  }

  rest(): string {
    return this.take(this.#bytes.length - this.#at)
  }

  #word(): number {
    const bytes = this.#bytes
    const at = this.#at
    this.#at += 4
    return (
      bytes.charCodeAt(at) * 0x100_0000 +
      ((bytes.charCodeAt(at + 1) << 16) |
        (bytes.charCodeAt(at + 2) << 8) |
        bytes.charCodeAt(at + 3))
    )
  }
}
