import { readUint16, readUint48, VarintReader } from '../bytes/integers.ts'
import {
  EXPIRY_BYTES,
  KIND_DELETE,
  KIND_EXPIRING_PUT,
  KIND_MERGE,
  KIND_PUT,
  KIND_SEPARATED,
} from '../memtable/record.ts'
import { SEPARATED_BYTES } from '../value-files/value-pointer.ts'
import { BLOCK_HEADER_BYTES } from './table-format.ts'

const NOTHING = new Uint8Array(0)

/**
 * One data block, read where it stands. Entries hold full keys but for a prefix that all keys of
 * the block share, and a table of offsets leads to any of them: forward and backward cost the same.
 * Fields hold the entry read last.
 */
export class Block {
  bytes: Uint8Array = NOTHING
  count = 0
  prefixStart = 0
  prefixLength = 0
  kind = 0
  sequence = 0
  suffixStart = 0
  suffixEnd = 0
  valueStart = 0
  valueEnd = 0
  #start = 0
  #offsets = 0
  #baseSequence = 0
  readonly #varints: VarintReader = new VarintReader(NOTHING)

  /**
   * Looks at `bytes[start..end)`; false when that cannot be a block. With a `sequence` its entries have
   * that one, in place of none.
   */
  open(bytes: Uint8Array, start: number, end: number, sequence: number = -1): boolean {
    if (end - start < BLOCK_HEADER_BYTES) return false
    this.bytes = bytes
    this.#start = start
    this.count = readUint16(bytes, start)
    this.prefixLength = readUint16(bytes, start + 2)
    this.#baseSequence = sequence < 0 ? readUint48(bytes, start + 4) : sequence
    this.prefixStart = start + BLOCK_HEADER_BYTES
    this.#offsets = end - 2 * this.count
    this.#varints.bytes = bytes
    this.#varints.end = this.#offsets
    return this.count > 0 && this.prefixStart + this.prefixLength <= this.#offsets
  }

  /** Reads entry `i`; false when it is malformed. */
  read(i: number): boolean {
    return this.readAt(this.offsetOf(i))
  }

  /** Where entry `i` stands, from the start of the block. */
  offsetOf(i: number): number {
    return readUint16(this.bytes, this.#offsets + 2 * i)
  }

  /** Reads the entry at this offset from the start of the block; false when it is malformed. */
  readAt(offset: number): boolean {
    const { bytes } = this
    const start = this.#start + offset
    const kind = bytes[start] as number
    // Lengths of one byte, or two for a value, and a sequence of up to three are read right here.
    let at = start + 1
    const suffixLength = bytes[at++] as number
    let valueLength = 0
    let long = suffixLength
    if (kind !== KIND_DELETE) {
      valueLength = bytes[at++] as number
      if (valueLength >= 0x80) {
        const high = bytes[at++] as number
        valueLength = (valueLength & 0x7f) | (high << 7)
        long |= high
      }
    }
    let delta = bytes[at++] as number
    if (delta >= 0x80) {
      let high = bytes[at++] as number
      delta = (delta & 0x7f) | ((high & 0x7f) << 7)
      if (high >= 0x80) {
        high = bytes[at++] as number
        delta |= high << 14
        long |= high
      }
    }
    if (long >= 0x80) return this.#readLong(start, kind)
    this.kind = kind
    this.sequence = this.#baseSequence + delta
    this.suffixStart = at
    this.suffixEnd = at + suffixLength
    this.valueStart = this.suffixEnd
    this.valueEnd = this.suffixEnd + valueLength
    const known = kind === KIND_PUT || isKnown(kind, valueLength)
    return known && this.valueEnd <= this.#offsets
  }

  /** The same with numbers of any length. */
  #readLong(start: number, kind: number): boolean {
    const varints = this.#varints
    varints.offset = start + 1
    const suffixLength = varints.next()
    const valueLength = kind === KIND_DELETE ? 0 : varints.next()
    const sequence = this.#baseSequence + varints.next()
    this.kind = kind
    this.sequence = sequence
    this.suffixStart = varints.offset
    this.suffixEnd = this.suffixStart + suffixLength
    this.valueStart = this.suffixEnd
    this.valueEnd = this.suffixEnd + valueLength
    const known = kind === KIND_PUT || isKnown(kind, valueLength)
    return known && !varints.failed && this.valueEnd <= this.#offsets
  }

  /** Index of the first entry whose key is not before this one; `count` when there is none. */
  lowerBound(key: Uint8Array, length: number): number {
    const { bytes, prefixStart, prefixLength, count } = this
    const shared = Math.min(prefixLength, length)
    for (let i = 0; i < shared; i++) {
      const difference = (bytes[prefixStart + i] as number) - (key[i] as number)
      if (difference !== 0) return difference > 0 ? 0 : count
    }
    if (length < prefixLength) return 0
    let low = 0
    let high = count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#compareSuffix(middle, key, prefixLength, length) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Order of entry `i` and the key, beyond the shared prefix. */
  #compareSuffix(i: number, key: Uint8Array, from: number, length: number): number {
    const { bytes } = this
    let at = this.#start + this.offsetOf(i)
    const kind = bytes[at] as number
    let suffixLength = bytes[at + 1] as number
    if (suffixLength < 0x80 && kind === KIND_DELETE) at = skipVarint(bytes, at + 2)
    else if (suffixLength < 0x80) at = skipVarint(bytes, skipVarint(bytes, at + 2))
    else {
      if (!this.read(i)) return 0
      suffixLength = this.suffixEnd - this.suffixStart
      at = this.suffixStart
    }
    const rest = length - from
    const shared = Math.min(suffixLength, rest)
    for (let j = 0; j < shared; j++) {
      const difference = (bytes[at + j] as number) - (key[from + j] as number)
      if (difference !== 0) return difference
    }
    return suffixLength - rest
  }

  /** True when the entry read last has exactly this key. */
  hasKey(key: Uint8Array, length: number): boolean {
    const { bytes, prefixLength, suffixStart } = this
    if (prefixLength + this.suffixEnd - suffixStart !== length) return false
    for (let i = 0; i < prefixLength; i++) {
      if (bytes[this.prefixStart + i] !== key[i]) return false
    }
    for (let i = prefixLength; i < length; i++) {
      if (bytes[suffixStart + i - prefixLength] !== key[i]) return false
    }
    return true
  }
}

function isKnown(kind: number, valueLength: number): boolean {
  if (kind === KIND_EXPIRING_PUT) return valueLength >= EXPIRY_BYTES
  if (kind === KIND_SEPARATED) return valueLength === SEPARATED_BYTES
  return kind === KIND_DELETE || kind === KIND_MERGE
}

function skipVarint(bytes: Uint8Array, offset: number): number {
  let at = offset
  while ((bytes[at] as number) >= 0x80) at += 1
  return at + 1
}
