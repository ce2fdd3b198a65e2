import { latin1Text } from '../bytes/text.ts'
import { CodecError } from '../error.ts'
import {
  ARRAY_BUFFER_CODE,
  BIGINT_BYTES_MAX,
  EXTENSION,
  SHAPES_MAX,
  TOKEN,
  TYPED_ARRAYS,
} from './tokens.ts'

const UNRANKED = 0xff

/** msgpackr keeps notes of its own under this name among the keys that it has met. */
export const CONFUSING_KEY = 'a key named __keys__ confuses msgpackr: rename it, or use a Map'

/**
 * Walks what msgpackr has written, before anyone relies on it: that the reader will accept it (the
 * kinds of values, the depth), and which shapes it uses.
 *
 * msgpackr numbers shapes in the order in which it first met them, in whatever record. The walk
 * renumbers them in place, in the order of their first use in this record, so that a record's
 * bytes follow from its value alone.
 */
export class Inspector {
  /** The writer's numbers of the shapes in use, in the order of the numbers that they now have. */
  readonly used: Uint8Array = new Uint8Array(SHAPES_MAX)
  usedCount = 0
  /**
   * A shape is defined in the body itself, because the writer had no number left. With structures
   * given, the walk ends there.
   */
  ownShapes = false

  readonly #ranks = new Uint8Array(SHAPES_MAX).fill(UNRANKED)
  readonly #sizes = scalarSizes()
  readonly #ownSizes: number[] = []
  readonly #maxDepth: number
  readonly #stack: Float64Array
  #bytes = new Uint8Array(0)
  #position = 0
  #end = 0

  constructor(maxDepth: number) {
    this.#maxDepth = maxDepth
    this.#stack = new Float64Array(maxDepth + 1)
  }

  /** Walks `bytes[start, end)`. `structures` are the shapes that msgpackr refers to by number. */
  inspect(
    bytes: Uint8Array,
    start: number,
    end: number,
    structures: readonly (readonly string[])[],
  ): void {
    for (let i = 0; i < this.usedCount; i++) this.#ranks[this.used[i] as number] = UNRANKED
    this.usedCount = 0
    this.ownShapes = false
    this.#ownSizes.length = 0
    this.#bytes = bytes as Uint8Array<ArrayBuffer>
    this.#end = end
    const stack = this.#stack
    const sizes = this.#sizes
    let depth = 0
    let position = start
    let remaining = 1 // values to come in the innermost container
    for (;;) {
      while (remaining === 0) {
        if (depth === 0) {
          if (position === end) return
          throw notStorable('what it was packed to is no single value')
        }
        remaining = stack[--depth] as number
      }
      remaining -= 1
      const token = bytes[position] as number
      const size = sizes[token] ?? 0
      if (size > 0) {
        position += size
        continue
      }
      this.#position = position
      const inner = this.#token(structures)
      position = this.#position
      if (this.ownShapes && structures.length > 0) return // the writer starts again without them
      if (inner < 0) continue
      if (depth === this.#maxDepth) throw tooDeep(this.#maxDepth)
      stack[depth++] = remaining
      remaining = inner
    }
  }

  /** Takes one token. Returns how many values it contains, -1 when it is no container. */
  #token(structures: readonly (readonly string[])[]): number {
    const position = this.#position
    if (position >= this.#end) throw notStorable('what it was packed to is cut off')
    const token = this.#bytes[position] as number
    this.#position = position + 1
    const size = this.#sizes[token] as number
    if (size > 0) return this.#skip(size - 1)
    if (token < TOKEN.map) return this.#shape(token - TOKEN.shape, structures)
    if (token < TOKEN.array) return 2 * (token - TOKEN.map)
    if (token < TOKEN.string) return token - TOKEN.array
    return this.#longToken(token, structures)
  }

  #longToken(token: number, structures: readonly (readonly string[])[]): number {
    switch (token) {
      case TOKEN.string8:
      case TOKEN.bytes8:
        return this.#skip(this.#uint(1))
      case TOKEN.string16:
      case TOKEN.bytes16:
        return this.#skip(this.#uint(2))
      case TOKEN.string32:
      case TOKEN.bytes32:
        return this.#skip(this.#uint(4))
      case TOKEN.array16:
        return this.#uint(2)
      case TOKEN.array32:
        return this.#uint(4)
      case TOKEN.map16:
        return 2 * this.#uint(2)
      case TOKEN.map32:
        return 2 * this.#uint(4)
      case TOKEN.extension8:
        return this.#extension(this.#uint(1), structures)
      case TOKEN.extension16:
        return this.#extension(this.#uint(2), structures)
      case TOKEN.extension32:
        return this.#extension(this.#uint(4), structures)
      case TOKEN.unused:
        throw notStorable("msgpackr's C1 is no value")
    }
    return this.#extension(1 << (token - TOKEN.fixExtension1), structures)
  }

  #shape(index: number, structures: readonly (readonly string[])[]): number {
    if (this.ownShapes) return this.#ownSizes[index] ?? -1
    const keys = structures[index]
    if (!Array.isArray(keys)) throw notStorable(CONFUSING_KEY)
    let rank = this.#ranks[index] as number
    if (rank === UNRANKED) {
      rank = this.usedCount++
      this.#ranks[index] = rank
      this.used[rank] = index
    }
    if (rank !== index) this.#bytes[this.#position - 1] = TOKEN.shape + rank
    return keys.length
  }

  #extension(length: number, structures: readonly (readonly string[])[]): number {
    const type = this.#uint(1)
    if (length === 1 && type === EXTENSION.shape) return this.#ownShape()
    if (length === 1 && type === EXTENSION.set) {
      this.#skip(1)
      return this.#token(structures)
    }
    if (type === EXTENSION.typedArray) {
      const code = this.#bytes[this.#position] as number
      if (code >= TYPED_ARRAYS.length && code !== ARRAY_BUFFER_CODE) {
        throw notStorable('a DataView cannot be stored: store its bytes')
      }
    } else if (type === EXTENSION.bigint) {
      if (length > BIGINT_BYTES_MAX) throw notStorable('a bigint may have 8,192 bits, not more')
    } else if (type !== EXTENSION.undefined && type !== EXTENSION.timestamp) {
      throw notStorable('objects like errors and regular expressions cannot be stored')
    }
    return this.#skip(length)
  }

  #ownShape(): number {
    this.ownShapes = true
    const index = this.#uint(1) - TOKEN.shape
    const token = this.#bytes[this.#position] as number
    if ((token < TOKEN.array || token >= TOKEN.string) && (token & 0xfe) !== TOKEN.array16) {
      throw notStorable(CONFUSING_KEY)
    }
    const size = this.#token([])
    for (let i = 0; i < size; i++) {
      if (this.#isConfusingKey()) throw notStorable(CONFUSING_KEY)
      if (this.#token([]) >= 0) throw notStorable('a key is no text')
    }
    this.#ownSizes[index] = size
    return size
  }

  #isConfusingKey(): boolean {
    if (this.#bytes[this.#position] !== TOKEN.string + 8) return false
    return latin1Text(this.#bytes, this.#position + 1, this.#position + 9) === '__keys__'
  }

  #uint(length: number): number {
    let value = 0
    for (let i = 0; i < length; i++) value = value * 256 + (this.#bytes[this.#position++] as number)
    return value
  }

  #skip(length: number): number {
    this.#position += length
    return -1
  }
}

/** The bytes of each token that contains nothing and has no length of its own; 0 for the others. */
function scalarSizes(): Uint8Array {
  const sizes = new Uint8Array(256)
  sizes.fill(1, 0, TOKEN.shape)
  for (let length = 0; length < 32; length++) sizes[TOKEN.string + length] = 1 + length
  for (const token of [TOKEN.null, TOKEN.false, TOKEN.true]) sizes[token] = 1
  for (let i = 0; i < 4; i++) sizes[TOKEN.uint8 + i] = sizes[TOKEN.int8 + i] = 1 + (1 << i)
  sizes[TOKEN.float32] = 5
  sizes[TOKEN.float64] = 9
  return sizes.fill(1, TOKEN.negative)
}

function tooDeep(maxDepth: number): CodecError {
  return new CodecError(
    'RECORD_TOO_DEEP',
    `the value is nested deeper than maxDepth (${maxDepth}) or refers to itself`,
  )
}

/** Refuses a value that msgpackr takes but that would not come back as it was. */
export function notStorable(why: string, cause?: unknown): CodecError {
  return new CodecError('RECORD_INVALID', `the value cannot be stored in a record: ${why}`, {
    cause,
  })
}
