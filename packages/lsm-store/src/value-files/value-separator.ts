import { readUint48, writeUint48 } from '../bytes/integers.ts'
import type { Compression } from '../compression/compression.ts'
import { corruption } from '../errors.ts'
import type { FileSystem } from '../fs/file-system.ts'
import type { Cursor } from '../iterator/cursor.ts'
import { StandingCursor } from '../iterator/standing-cursor.ts'
import { EXPIRY_BYTES, KIND_EXPIRING_PUT, KIND_PUT, KIND_SEPARATED } from '../memtable/record.ts'
import { ValueFileWriter } from './value-file-writer.ts'
import type { ValueFiles } from './value-files.ts'
import { readPointer, SEPARATED_BYTES, type ValuePointer, writePointer } from './value-pointer.ts'
import type { ValueRef } from './value-ref.ts'

/** What happens to the values of a keyspace. */
export interface SeparationRule {
  /** Values of so many bytes go to a value file; 0: none does. */
  readonly largeValueBytes: number
  readonly compression: Compression
}

/** @see ValueSeparator */
export interface SeparatorOptions {
  readonly fileSystem: FileSystem
  readonly directory: string
  /** Value files that entries may point into, by number. */
  readonly files: ReadonlyMap<number, ValueRef>
  /** Of these, the files whose values are written anew. */
  readonly moving: ReadonlySet<number>
  /** Where they are read; absent where no entry can point anywhere. */
  readonly values: ValueFiles | undefined
}

/** Values of one file that a table points to. */
interface Pointed {
  entries: number
  bytes: number
}

/**
 * Stands in front of the table that is being written: takes large values out of its entries and puts them into a
 * value file with the table's number, moves values out of files that are mostly garbage, and counts where the
 * table's pointers lead.
 */
export class ValueSeparator {
  /** Sizes of finished value files. */
  finishedBytes = 0
  /** Numbers of the files that were made. */
  readonly made: number[] = []
  readonly #options: SeparatorOptions
  readonly #entry: SeparatedEntry = new SeparatedEntry()
  #writer: ValueFileWriter | undefined
  #pointed: Map<number, Pointed> = new Map()

  constructor(options: SeparatorOptions) {
    this.#options = options
  }

  /** Bytes of the value file that belongs to the table in hand. */
  get bytes(): number {
    return this.#writer?.size ?? 0
  }

  /** The entry as table `number` is to hold it. It holds until the next call. */
  take(entry: Cursor, number: number, rule: SeparationRule): Cursor {
    const { kind, value, valueStart, valueEnd } = entry
    if (kind === KIND_SEPARATED) return this.#takePointer(entry, number)
    const { largeValueBytes, compression } = rule
    if (largeValueBytes === 0 || (kind !== KIND_PUT && kind !== KIND_EXPIRING_PUT)) return entry
    const start = kind === KIND_PUT ? valueStart : valueStart + EXPIRY_BYTES
    if (valueEnd - start < largeValueBytes) return entry
    const expiresAt = kind === KIND_PUT ? 0 : readUint48(value, valueStart)
    const pointer = this.#writerFor(number).add(value, start, valueEnd, compression)
    return this.#point(entry, expiresAt, pointer)
  }

  /** What is in a value file stays in one, whatever the size from which on values go there by now. */
  #takePointer(entry: Cursor, number: number): Cursor {
    const { value, valueStart } = entry
    const pointer = readPointer(value, valueStart + EXPIRY_BYTES)
    const { values, moving } = this.#options
    if (values === undefined || !moving.has(pointer.file)) {
      this.#count(pointer)
      return entry
    }
    const stored = values.readStored(pointer)
    const { length, compression, crc } = pointer
    const moved = this.#writerFor(number).addStored(stored, length, compression, crc)
    return this.#point(entry, readUint48(value, valueStart), moved)
  }

  #point(entry: Cursor, expiresAt: number, pointer: ValuePointer): Cursor {
    this.#count(pointer)
    return this.#entry.point(entry, expiresAt, pointer)
  }

  #count({ file, stored }: ValuePointer): void {
    const pointed = this.#pointed.get(file) ?? { entries: 0, bytes: 0 }
    pointed.entries += 1
    pointed.bytes += stored
    this.#pointed.set(file, pointed)
  }

  #writerFor(number: number): ValueFileWriter {
    if (this.#writer !== undefined) return this.#writer
    const { fileSystem, directory } = this.#options
    this.made.push(number)
    this.#writer = new ValueFileWriter(fileSystem, directory, number)
    return this.#writer
  }

  /** Makes the value file of the table in hand durable, and tells where the table's pointers lead. */
  finish(): ValueRef[] {
    const own = this.#writer
    const ownSize = own?.finish() ?? 0
    this.finishedBytes += ownSize
    this.#writer = undefined
    const refs = [...this.#pointed].map(([file, { entries, bytes }]) => {
      const size = file === own?.number ? ownSize : this.#sizeOf(file)
      return { file, size, entries, bytes }
    })
    this.#pointed = new Map()
    return refs.sort((a, b) => a.file - b.file)
  }

  #sizeOf(file: number): number {
    const known = this.#options.files.get(file)
    if (known !== undefined) return known.size
    throw corruption(
      this.#options.directory,
      0,
      `a pointer into value file ${file}, which no table names`,
    )
  }

  /** Closes what is open: nothing of it is needed. */
  abandon(): void {
    this.#writer?.close()
  }
}

/** An entry with another value than the one it came with. */
class SeparatedEntry extends StandingCursor {
  readonly #pointer: Uint8Array = new Uint8Array(SEPARATED_BYTES)

  point(entry: Cursor, expiresAt: number, pointer: ValuePointer): this {
    writeUint48(this.#pointer, 0, expiresAt)
    writePointer(this.#pointer, EXPIRY_BYTES, pointer)
    return this.#show(entry, KIND_SEPARATED, this.#pointer)
  }

  #show({ key, keyStart, keyEnd, sequence }: Cursor, kind: number, value: Uint8Array): this {
    this.key = key
    this.keyStart = keyStart
    this.keyEnd = keyEnd
    this.sequence = sequence
    this.kind = kind
    this.value = value
    this.valueStart = 0
    this.valueEnd = value.length
    return this
  }
}
