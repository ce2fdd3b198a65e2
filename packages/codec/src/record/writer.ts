import type { Options, Packr } from 'msgpackr'
// This entry leaves msgpackr's optional native reader alone: only its writer is needed. The entry's
// own types do not resolve, so what it exports is `any` here; the main entry has the types.
import { Packr as PackrClass, RESET_BUFFER_MODE, REUSE_BUFFER_MODE } from 'msgpackr/pack'
import { allocate, copyInto } from '../bytes/allocate.ts'
import { CodecError } from '../error.ts'
import { CONFUSING_KEY, Inspector, notStorable } from './inspector.ts'
import { encodePrefix } from './shape-table.ts'

/** Shapes that msgpackr may number; beyond these it defines them where they occur. */
const SHARED_SHAPES_MAX = 32
/** Numbers for those; msgpackr gives them out again when they are used up. */
const OWN_SHAPES_MAX = 32
const PREFIXES_MAX = 256
/** After a record larger than this, msgpackr is given a small buffer again. */
const KEPT_BUFFER_BYTES = 1024 * 1024
const FRESH_BUFFER_BYTES = 8192

/** What msgpackr returns in the mode in which its buffer is read at once and used again. */
interface Packed extends Uint8Array {
  readonly start: number
  readonly end: number
}

/**
 * Writes records: msgpackr packs the value, the inspector checks and renumbers, and the table of
 * the shapes in use goes in front. Tables are cached, as most records of a kind use the same.
 */
export class RecordWriter {
  readonly #version: number
  readonly #maxBytes: number
  readonly #inspector: Inspector
  #packr = createPackr(SHARED_SHAPES_MAX)
  #fresh = true
  readonly #prefixes = new Map<string, Uint8Array>()
  #lastShapes = new Uint8Array(0)
  #lastPrefix: Uint8Array | undefined

  constructor(options: { version: number; maxBytes: number; maxDepth: number }) {
    this.#version = options.version
    this.#maxBytes = options.maxBytes
    this.#inspector = new Inspector(options.maxDepth)
  }

  write(value: unknown): Uint8Array {
    try {
      return this.#write(value)
    } catch (error) {
      this.#reset() // whatever the failed value has left in msgpackr goes
      throw error
    }
  }

  #write(value: unknown): Uint8Array {
    let packed = this.#pack(value)
    if (this.#inspector.ownShapes && !this.#fresh) {
      // The numbers are taken by shapes of earlier records: start again, for this record alone.
      this.#reset()
      packed = this.#pack(value)
    }
    if (this.#inspector.ownShapes) {
      // More shapes than numbers: all of them stand in the body, and none in the table.
      this.#reset(0)
      packed = this.#pack(value)
      const record = this.#assemble(this.#prefixOf([]), packed)
      this.#reset()
      return record
    }
    this.#fresh = false
    return this.#assemble(this.#prefix(), packed)
  }

  #pack(value: unknown): Packed {
    let packed: Packed
    try {
      // In this mode the result is msgpackr's buffer with the limits of the record as properties.
      packed = this.#packr.pack(value, REUSE_BUFFER_MODE | RESET_BUFFER_MODE) as unknown as Packed
    } catch (cause) {
      throw packError(cause)
    }
    const { start, end } = packed
    if (end - start > this.#maxBytes) throw tooLarge(end - start, this.#maxBytes)
    this.#inspector.inspect(packed, start, end, structuresOf(this.#packr))
    return packed
  }

  #assemble(prefix: Uint8Array, packed: Packed): Uint8Array {
    const { start, end } = packed
    const length = prefix.length + end - start
    if (length > this.#maxBytes) throw tooLarge(length, this.#maxBytes)
    const record = allocate(length)
    copyInto(record, 0, prefix, 0, prefix.length)
    copyInto(record, prefix.length, packed, start, end)
    if (packed.length > KEPT_BUFFER_BYTES) {
      this.#packr.useBuffer(Buffer.allocUnsafeSlow(FRESH_BUFFER_BYTES))
    }
    return record
  }

  /** Version and table for the shapes that the inspector has seen. */
  #prefix(): Uint8Array {
    const { used, usedCount } = this.#inspector
    const last = this.#lastShapes
    let same = this.#lastPrefix !== undefined && last.length === usedCount
    for (let i = 0; same && i < usedCount; i++) same = last[i] === used[i]
    if (same && this.#lastPrefix !== undefined) return this.#lastPrefix
    const shapes = used.slice(0, usedCount)
    const name = String.fromCharCode(...shapes)
    let prefix = this.#prefixes.get(name)
    if (prefix === undefined) {
      const structures = structuresOf(this.#packr)
      prefix = this.#prefixOf(Array.from(shapes, (index) => structures[index] ?? []))
      if (this.#prefixes.size === PREFIXES_MAX) this.#prefixes.clear()
      this.#prefixes.set(name, prefix)
    }
    this.#lastShapes = shapes
    this.#lastPrefix = prefix
    return prefix
  }

  #prefixOf(shapes: readonly (readonly string[])[]): Uint8Array {
    if (shapes.some((keys) => keys.includes('__keys__'))) {
      throw notStorable(CONFUSING_KEY)
    }
    return encodePrefix(this.#version, shapes)
  }

  #reset(sharedShapes = SHARED_SHAPES_MAX): void {
    this.#packr = createPackr(sharedShapes)
    this.#fresh = true
    this.#prefixes.clear()
    this.#lastPrefix = undefined
  }
}

function createPackr(sharedShapes: number): Packr {
  const options: Options = {
    structures: [],
    maxSharedStructures: sharedShapes,
    maxOwnStructures: OWN_SHAPES_MAX,
    moreTypes: true,
    mapsAsObjects: false,
  }
  return new PackrClass(options)
}

function structuresOf(packr: Packr): readonly (readonly string[])[] {
  // msgpackr keeps the key lists where its options had put an empty array.
  return (packr as Packr & { readonly structures: readonly (readonly string[])[] }).structures
}

function packError(cause: unknown): CodecError {
  if (cause instanceof RangeError && /call stack/.test(cause.message)) {
    return new CodecError('RECORD_TOO_DEEP', 'the value refers to itself or is nested too deep', {
      cause,
    })
  }
  return notStorable(cause instanceof Error ? cause.message : String(cause), cause)
}

function tooLarge(length: number, maxBytes: number): CodecError {
  const message = `the record takes ${length} bytes and maxBytes allows ${maxBytes}`
  return new CodecError('RECORD_TOO_LARGE', message)
}
