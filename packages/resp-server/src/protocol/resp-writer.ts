import { formatDouble } from '../values/numbers.ts'
import type { Bytes, Reply } from './reply.ts'

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

/** Encodes replies into one latin1 string per flush, with Buffers kept whole between strings. */
export class RespWriter implements Reply {
  version: 2 | 3 = 2
  /** Called for every error line, to count it. */
  readonly #onError: (line: string) => void
  #text = ''
  #chunks: Bytes[] = []
  #bytes = 0

  constructor(onError: (line: string) => void) {
    this.#onError = onError
  }

  get isEmpty(): boolean {
    return this.#text === '' && this.#chunks.length === 0
  }

  /** Bytes waiting to be taken. */
  get size(): number {
    return this.#bytes + this.#text.length
  }

  /** Everything written so far when it is a single string, which it nearly always is. */
  takeText(): string | undefined {
    if (this.#chunks.length > 0) return undefined
    const text = this.#text
    this.#text = ''
    return text
  }

  takeChunks(): Bytes[] {
    if (this.#text !== '') this.#chunks.push(this.#text)
    const chunks = this.#chunks
    this.#text = ''
    this.#chunks = []
    this.#bytes = 0
    return chunks
  }

  clear(): void {
    this.#text = ''
    this.#chunks = []
    this.#bytes = 0
  }

  ok(): void {
    this.#text += '+OK\r\n'
  }

  simple(text: string): void {
    this.#text += `+${text}\r\n`
  }

  error(line: string, isCounted = false): void {
    if (!isCounted) this.#onError(line)
    this.#text += `-${line.replace(/[\r\n]/g, ' ')}\r\n`
  }

  integer(value: number | bigint): void {
    const known = typeof value === 'number' ? INTEGERS[value] : undefined
    this.#text += known ?? `:${wholeNumber(value)}\r\n`
  }

  bulk(value: Bytes): void {
    if (typeof value === 'string') {
      const length = value.length
      this.#text += `${BULK_HEADERS[length] ?? `$${length}\r\n`}${value}\r\n`
      return
    }
    this.#chunks.push(`${this.#text}$${value.length}\r\n`, value)
    this.#bytes += this.#text.length + value.length
    this.#text = '\r\n'
  }

  bulkOrNull(value: Bytes | undefined): void {
    if (value === undefined) this.null()
    else this.bulk(value)
  }

  null(): void {
    this.#text += this.version === 3 ? '_\r\n' : '$-1\r\n'
  }

  nullArray(): void {
    this.#text += this.version === 3 ? '_\r\n' : '*-1\r\n'
  }

  array(length: number): void {
    this.#text += ARRAY_HEADERS[length] ?? `*${length}\r\n`
  }

  map(length: number): void {
    this.#text += this.version === 3 ? `%${length}\r\n` : `*${length * 2}\r\n`
  }

  set(length: number): void {
    this.#text += this.version === 3 ? `~${length}\r\n` : `*${length}\r\n`
  }

  push(length: number): void {
    this.#text += this.version === 3 ? `>${length}\r\n` : `*${length}\r\n`
  }

  double(value: number): void {
    const text = formatDouble(value)
    if (this.version === 3) this.#text += `,${text}\r\n`
    else this.bulk(text)
  }

  decimal(digits: string): void {
    if (this.version === 3) this.#text += `,${digits}\r\n`
    else this.bulk(digits)
  }

  boolean(value: boolean): void {
    if (this.version === 3) this.#text += value ? '#t\r\n' : '#f\r\n'
    else this.integer(value ? 1 : 0)
  }

  verbatim(text: string, format = 'txt'): void {
    if (this.version === 3) this.#text += `=${text.length + 4}\r\n${format}:${text}\r\n`
    else this.bulk(text)
  }

  bigNumber(digits: string): void {
    if (this.version === 3) this.#text += `(${digits}\r\n`
    else this.bulk(digits)
  }
}
