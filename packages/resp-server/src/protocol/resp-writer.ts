import { writeLatin1 } from '../values/latin1.ts'
import { formatDouble, writeInteger } from '../values/numbers.ts'
import type { Bytes, Reply } from './reply.ts'
import { LARGE_REPLY_BYTES, type ReplyMemory } from './reply-memory.ts'

/** Length headers that need no number formatting. */
const BULK_HEADERS: readonly string[] = Array.from({ length: 512 }, (_, n) => `$${n}\r\n`)
const ARRAY_HEADERS: readonly string[] = Array.from({ length: 64 }, (_, n) => `*${n}\r\n`)
const INTEGERS: readonly string[] = Array.from({ length: 1024 }, (_, n) => `:${n}\r\n`)

const INT64_MAX = 2n ** 63n - 1n

/** Without the exponent that large doubles would print. */
function wholeNumber(value: number | bigint): number | bigint {
  if (typeof value === 'bigint' || Number.isSafeInteger(value)) return value
  const exact = BigInt(Math.trunc(value))
  return exact > INT64_MAX ? INT64_MAX : exact
}

/** Up to here a loop is quicker than Node's native writing. */
const WRITTEN_BY_HAND = 32
/** Longer Buffers are not copied. */
const COPIED_UP_TO = 16 * 1024
const CR = 0x0d
const LF = 0x0a
const DOLLAR = 0x24
const ZERO = 0x30
/** Shorter lengths have one digit. */
const ONE_DIGIT = 10
const COLON = 0x3a
const PLUS = 0x2b
const LETTER_O = 0x4f
const LETTER_K = 0x4b
/** Most that a header, an integer or a null takes. */
const SHORT_BYTES = 32
const NONE: Buffer = Buffer.alloc(0)
const NO_CHUNKS: Buffer[] = []

/**
 * Encodes replies as bytes, in memory that is lent for as long as something waits in it: a
 * connection that is idle holds none. Large Buffers are kept whole between the others.
 */
export class RespWriter implements Reply {
  version: 2 | 3 = 2
  readonly maxValues: number = Number.POSITIVE_INFINITY
  /** More than so many bytes are not kept: then it is full until it is emptied. */
  limit: number = Number.POSITIVE_INFINITY
  isFull = false
  readonly #memory: ReplyMemory
  /** Called for every error line, to count it. */
  readonly #onError: (line: string) => void
  #bytes: Buffer = NONE
  /** What stands in front of it in `#bytes` belongs to a chunk. */
  #start = 0
  #end = 0
  #chunks: Buffer[] = NO_CHUNKS
  #chunkBytes = 0

  constructor(memory: ReplyMemory, onError: (line: string) => void) {
    this.#memory = memory
    this.#onError = onError
  }

  get isEmpty(): boolean {
    return this.#end === this.#start && this.#chunkBytes === 0
  }

  /** Bytes waiting to be taken. */
  get size(): number {
    return this.#chunkBytes + this.#end - this.#start
  }

  /** Everything written so far stands in {@link bytes}, up to {@link size}: it nearly always does. */
  get isWhole(): boolean {
    return this.#chunkBytes === 0
  }

  get bytes(): Buffer {
    return this.#bytes
  }

  /** Everything written so far, which is the receiver's from here on. */
  takeChunks(): readonly Buffer[] {
    this.#seal()
    const chunks = this.#chunks
    this.#bytes = NONE
    this.#start = 0
    this.#end = 0
    this.#chunks = NO_CHUNKS
    this.#chunkBytes = 0
    this.isFull = false
    return chunks
  }

  clear(): void {
    // what a chunk refers to is not to be written again
    if (this.#chunkBytes === 0) this.#memory.giveBack(this.#bytes)
    this.#bytes = NONE
    this.#start = 0
    this.#end = 0
    this.#chunks = NO_CHUNKS
    this.#chunkBytes = 0
    this.isFull = false
  }

  /** Makes what was written so far a chunk. */
  #seal(): void {
    if (this.#end > this.#start) this.#add(this.#bytes.subarray(this.#start, this.#end))
    this.#start = this.#end
  }

  #add(chunk: Buffer): void {
    if (this.#chunks === NO_CHUNKS) this.#chunks = []
    this.#chunks.push(chunk)
    this.#chunkBytes += chunk.length
    if (this.#chunkBytes > this.limit) this.#overflow()
  }

  /** Drops all, and what comes: its size stays beyond the limit. */
  #overflow(): void {
    this.isFull = true
    this.#chunks = NO_CHUNKS
    this.#chunkBytes = this.limit + 1
    this.#start = 0
    this.#end = 0
  }

  /** Room for so many bytes more. */
  #reserve(count: number): void {
    if (this.#bytes.length - this.#end < count) this.#extend(count)
  }

  #extend(count: number): void {
    const held = this.#end - this.#start
    const isFirst = this.#chunkBytes === 0
    if (isFirst && held + count <= LARGE_REPLY_BYTES) {
      const larger = this.#memory.take(held + count)
      this.#bytes.copy(larger, 0, 0, held)
      this.#memory.giveBack(this.#bytes)
      this.#bytes = larger
      this.#end = held
      return
    }
    this.#seal()
    if (this.isFull && count <= this.#bytes.length) {
      this.#overflow()
      return
    }
    this.#bytes = Buffer.allocUnsafeSlow(Math.max(count, LARGE_REPLY_BYTES))
    this.#start = 0
    this.#end = 0
  }

  #text(text: string): void {
    const { length } = text
    this.#reserve(length)
    const bytes = this.#bytes
    const end = this.#end
    if (length > WRITTEN_BY_HAND) writeLatin1(bytes, text, end)
    else for (let at = 0; at < length; at += 1) bytes[end + at] = text.charCodeAt(at)
    this.#end = end + length
  }

  ok(): void {
    this.#reserve(SHORT_BYTES)
    const bytes = this.#bytes
    const end = this.#end
    bytes[end] = PLUS
    bytes[end + 1] = LETTER_O
    bytes[end + 2] = LETTER_K
    bytes[end + 3] = CR
    bytes[end + 4] = LF
    this.#end = end + 5
  }

  simple(text: string): void {
    this.#text(`+${text}\r\n`)
  }

  error(line: string, isCounted = false): void {
    if (!isCounted) this.#onError(line)
    this.#text(`-${line.replace(/[\r\n]/g, ' ')}\r\n`)
  }

  integer(value: number | bigint): void {
    const known = typeof value === 'number' ? INTEGERS[value] : undefined
    if (known === undefined && typeof value === 'number' && Number.isSafeInteger(value)) {
      this.#reserve(SHORT_BYTES)
      const bytes = this.#bytes
      bytes[this.#end] = COLON
      const end = writeInteger(bytes, value, this.#end + 1)
      bytes[end] = CR
      bytes[end + 1] = LF
      this.#end = end + 2
    } else this.#text(known ?? `:${wholeNumber(value)}\r\n`)
  }

  bulk(value: Bytes): void {
    if (typeof value !== 'string') {
      this.#buffer(value)
      return
    }
    const { length } = value
    this.#reserve(length + SHORT_BYTES)
    if (length < ONE_DIGIT) {
      const bytes = this.#bytes
      bytes[this.#end] = DOLLAR
      bytes[this.#end + 1] = ZERO + length
      bytes[this.#end + 2] = CR
      bytes[this.#end + 3] = LF
      this.#end += 4
    } else this.#text(BULK_HEADERS[length] ?? `$${length}\r\n`)
    this.#text(value)
    this.#bytes[this.#end] = CR
    this.#bytes[this.#end + 1] = LF
    this.#end += 2
  }

  #buffer(value: Buffer): void {
    const { length } = value
    this.#text(`$${length}\r\n`)
    if (length > COPIED_UP_TO) {
      this.#seal()
      this.#add(value)
    } else {
      this.#reserve(length)
      value.copy(this.#bytes, this.#end)
      this.#end += length
    }
    this.#text('\r\n')
  }

  bulkOrNull(value: Bytes | undefined): void {
    if (value === undefined) this.null()
    else this.bulk(value)
  }

  null(): void {
    this.#text(this.version === 3 ? '_\r\n' : '$-1\r\n')
  }

  nullArray(): void {
    this.#text(this.version === 3 ? '_\r\n' : '*-1\r\n')
  }

  array(length: number): void {
    this.#text(ARRAY_HEADERS[length] ?? `*${length}\r\n`)
  }

  map(length: number): void {
    this.#text(this.version === 3 ? `%${length}\r\n` : `*${length * 2}\r\n`)
  }

  set(length: number): void {
    this.#text(this.version === 3 ? `~${length}\r\n` : `*${length}\r\n`)
  }

  push(length: number): void {
    this.#text(this.version === 3 ? `>${length}\r\n` : `*${length}\r\n`)
  }

  double(value: number): void {
    const text = formatDouble(value)
    if (this.version === 3) this.#text(`,${text}\r\n`)
    else this.bulk(text)
  }

  decimal(digits: string): void {
    if (this.version === 3) this.#text(`,${digits}\r\n`)
    else this.bulk(digits)
  }

  boolean(value: boolean): void {
    if (this.version === 3) this.#text(value ? '#t\r\n' : '#f\r\n')
    else this.integer(value ? 1 : 0)
  }

  verbatim(text: string, format = 'txt'): void {
    if (this.version === 3) this.#text(`=${text.length + 4}\r\n${format}:${text}\r\n`)
    else this.bulk(text)
  }

  bigNumber(digits: string): void {
    if (this.version === 3) this.#text(`(${digits}\r\n`)
    else this.bulk(digits)
  }
}
