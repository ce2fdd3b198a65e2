import { crcRegister } from './crc32.ts'

const POLYNOMIAL = 0xedb88320
/** x^0 where the highest coefficient is the lowest bit, as in all of this file. */
const ONE = 0x80000000 | 0
/** x^8: one byte further. */
const ONE_BYTE = ONE >>> 8
const STEP_SHIFT = 6
const STEP = 1 << STEP_SHIFT

/** Entry 256k + n is x^(8 * n * 256^k): moves a register by n, 256n, 65536n or 16777216n bytes. */
let powers: Int32Array | undefined

/**
 * Answers the CRC-32 of any part of a buffer in constant time.
 *
 * The register after a part is linear in the register before it, so that of `[from, to)` follows
 * from those after `[start, from)` and `[start, to)`. These are kept for every 64th byte; the
 * memory is a sixteenth of the buffer's.
 */
export class Crc32Index {
  readonly #bytes: Uint8Array
  readonly #start: number
  readonly #registers: Int32Array

  constructor(bytes: Uint8Array, start: number) {
    this.#bytes = bytes
    this.#start = start
    this.#registers = new Int32Array(((bytes.length - start) >> STEP_SHIFT) + 1)
    let register = 0
    for (let i = 1; i < this.#registers.length; i++) {
      const at = start + i * STEP
      register = crcRegister(bytes, at - STEP, at, register)
      this.#registers[i] = register
    }
  }

  /** The same as `crc32(bytes, from, to, seed)`; `from` is not before the index's start. */
  crc32(from: number, to: number, seed: number): number {
    if (to - from <= STEP) return ~crcRegister(this.#bytes, from, to, ~seed) >>> 0
    const moved = advance(this.#registerAt(from) ^ ~seed, to - from)
    return ~(this.#registerAt(to) ^ moved) >>> 0
  }

  #registerAt(position: number): number {
    const index = (position - this.#start) >> STEP_SHIFT
    const at = this.#start + index * STEP
    return crcRegister(this.#bytes, at, position, this.#registers[index] as number)
  }
}

/** The register after `length` bytes of zeros. */
function advance(register: number, length: number): number {
  powers ??= createPowers()
  let moved = register
  for (let slice = 0, rest = length; rest > 0; slice++, rest >>>= 8) {
    const count = rest & 0xff
    if (count > 0) moved = multiply(powers[(slice << 8) | count] as number, moved)
  }
  return moved
}

/** The product of two polynomials, modulo that of the CRC. */
function multiply(a: number, b: number): number {
  let product = 0
  let factor = b
  for (let bit = ONE; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) product ^= factor
    factor = (factor >>> 1) ^ (factor & 1 ? POLYNOMIAL : 0)
  }
  return product
}

function createPowers(): Int32Array {
  const table = new Int32Array(4 * 256)
  let base = ONE_BYTE
  for (let slice = 0; slice < 4; slice++) {
    let power = ONE
    for (let count = 0; count < 256; count++) {
      table[(slice << 8) | count] = power
      power = multiply(base, power)
    }
    base = power // the 256th power
  }
  return table
}
