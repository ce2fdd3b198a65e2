import { readLatin1, writeLatin1 } from '../latin1.ts'
import { estimateCardinality } from './cardinality.ts'
import { DENSE_BYTES, packDense, raiseDense, unpackDense } from './dense.ts'
import { placeOf, REGISTERS } from './registers.ts'
import { EMPTY_SPARSE, MAX_SPARSE_VALUE, raiseSparse, unpackSparse } from './sparse.ts'

/*
 * As Redis keeps it in a string:
 *   "HYLL" | encoding u8 (0 dense, 1 sparse) | 3 unused | cardinality u64 little-endian | registers
 * The high bit of the cardinality says that it has to be counted anew.
 */
const MAGIC = 'HYLL'
const HEADER_BYTES = 16
const DENSE = 0
const SPARSE = 1
const STALE = 0x80

/** The string is no HyperLogLog, or not a whole one. */
export class HyperLogLogError extends Error {
  readonly isCorrupt: boolean

  constructor(isCorrupt: boolean) {
    super(isCorrupt ? 'corrupted HyperLogLog' : 'not a HyperLogLog')
    this.isCorrupt = isCorrupt
  }
}

/** Counts distinct elements approximately, in Redis' own bytes. */
export class HyperLogLog {
  #header: Buffer
  #body: Uint8Array

  private constructor(header: Buffer, body: Uint8Array) {
    this.#header = header
    this.#body = body
  }

  static empty(): HyperLogLog {
    const header = Buffer.alloc(HEADER_BYTES)
    header.write(MAGIC, 'latin1')
    header[4] = SPARSE
    return new HyperLogLog(header, EMPTY_SPARSE)
  }

  static from(bytes: Buffer): HyperLogLog {
    const isHyperLogLog =
      bytes.length >= HEADER_BYTES &&
      readLatin1(bytes, 0, 4) === MAGIC &&
      (bytes[4] as number) <= SPARSE
    if (!isHyperLogLog) throw new HyperLogLogError(false)
    if (bytes[4] === DENSE && bytes.length !== HEADER_BYTES + DENSE_BYTES) {
      throw new HyperLogLogError(false)
    }
    const copy = Buffer.from(bytes)
    return new HyperLogLog(copy.subarray(0, HEADER_BYTES), copy.subarray(HEADER_BYTES))
  }

  static fromString(text: string): HyperLogLog {
    const bytes = Buffer.allocUnsafe(text.length)
    writeLatin1(bytes, text, 0)
    return HyperLogLog.from(bytes)
  }

  get isSparse(): boolean {
    return this.#header[4] === SPARSE
  }

  /** The registers as they are kept, sparse or dense. */
  get body(): Uint8Array {
    return this.#body
  }

  toString(): string {
    return readLatin1(this.#header) + readLatin1(Buffer.from(this.#body))
  }

  /** True when a register changed. */
  add(element: string, maxSparseBytes: number): boolean {
    const { index, value } = placeOf(element)
    return this.#raise(index, value, maxSparseBytes)
  }

  registers(): Uint8Array {
    if (!this.isSparse) return unpackDense(this.#body)
    const registers = unpackSparse(this.#body)
    if (registers === undefined) throw new HyperLogLogError(true)
    return registers
  }

  /** The cardinality, and whether it had to be counted: the header has changed then. */
  count(): { readonly cardinality: number; readonly isNew: boolean } {
    const header = this.#header
    if (((header[15] as number) & STALE) === 0) {
      return { cardinality: Number(header.readBigUInt64LE(8)), isNew: false }
    }
    const cardinality = estimateCardinality(this.registers())
    header.writeBigUInt64LE(BigInt(cardinality), 8)
    return { cardinality, isNew: true }
  }

  /** Raises every register to the given one. */
  merge(registers: Uint8Array, maxSparseBytes: number): void {
    for (let index = 0; index < REGISTERS; index += 1) {
      const value = registers[index] as number
      if (value > 0) this.#raise(index, value, maxSparseBytes)
    }
    this.invalidate()
  }

  toDense(): void {
    if (!this.isSparse) return
    this.#body = packDense(this.registers())
    this.#header[4] = DENSE
  }

  invalidate(): void {
    this.#header[15] = (this.#header[15] as number) | STALE
  }

  #raise(index: number, value: number, maxSparseBytes: number): boolean {
    if (this.isSparse && value <= MAX_SPARSE_VALUE) {
      const raised = raiseSparse(this.#body, index, value, maxSparseBytes - HEADER_BYTES)
      if (raised.kind === 'same') return false
      if (raised.kind === 'corrupt') throw new HyperLogLogError(true)
      if (raised.kind === 'raised') {
        this.#body = raised.bytes
        this.invalidate()
        return true
      }
    }
    this.toDense()
    if (!raiseDense(this.#body, index, value)) return false
    this.invalidate()
    return true
  }
}

/** The greater of each register. */
export function mergeRegisters(target: Uint8Array, source: Uint8Array): void {
  for (let index = 0; index < REGISTERS; index += 1) {
    const value = source[index] as number
    if (value > (target[index] as number)) target[index] = value
  }
}

export { REGISTERS }
