import { crc32 } from 'node:zlib'
import { copyRange } from '../bytes/copy.ts'
import { decompressBlock, LZ4, STORED, ZSTD } from '../compression/compression.ts'
import { corruption, StoreError } from '../errors.ts'
import { type FileSystem, readFully, type StoreFile } from '../fs/file-system.ts'
import { MAX_VALUE_BYTES } from '../memtable/record.ts'
import {
  decodeValueFileHeader,
  VALUE_FILE_HEADER_BYTES,
  VALUE_FILE_VERSION,
  valueFileName,
} from './value-file-format.ts'
import { readPointer, type ValuePointer } from './value-pointer.ts'
import type { ValueRef } from './value-ref.ts'

/** So many bytes come of one at most: a match of LZ4 is as long as bytes of 255 say, a block of zstd has 128 KiB. */
const LZ4_MOST = 256
const ZSTD_MOST = 128 * 1024

/** Larger ones get memory of their own. */
const SCRATCH_BYTES = 64 * 1024

/** A value file that tables point into. */
interface HeldFile {
  readonly path: string
  readonly size: number
  /** Tables that hold it. */
  references: number
  /** Once it was read from. */
  file: StoreFile | undefined
}

/**
 * Reads values from the files that they are in. A file is opened when it is first read from, and closed when no
 * table that points into it is held any more. Everything is checked before it is believed.
 */
export class ValueFiles {
  /** Values read so far. */
  reads = 0
  readonly #fileSystem: FileSystem
  readonly #directory: string
  readonly #lenient: boolean
  readonly #held: Map<number, HeldFile> = new Map()
  /** For compressed values on their way. */
  readonly #scratch: Uint8Array = new Uint8Array(SCRATCH_BYTES)

  /** A `lenient` one reads what it can of files that are not what they should be; values are checked all the same. */
  constructor(fileSystem: FileSystem, directory: string, lenient = false) {
    this.#fileSystem = fileSystem
    this.#directory = directory
    this.#lenient = lenient
  }

  pathOf(number: number): string {
    return `${this.#directory}/${valueFileName(number)}`
  }

  /** A table that points into these files is held from now on. */
  retain(refs: readonly ValueRef[]): void {
    for (const { file, size } of refs) {
      const held = this.#held.get(file)
      if (held !== undefined) held.references += 1
      else {
        this.#held.set(file, { path: this.pathOf(file), size, references: 1, file: undefined })
      }
    }
  }

  release(refs: readonly ValueRef[]): void {
    for (const { file } of refs) {
      const held = this.#held.get(file) as HeldFile
      held.references -= 1
      if (held.references > 0) continue
      held.file?.close()
      this.#held.delete(file)
    }
  }

  /** Opens a file that is about to be removed, if anybody may still read it. */
  keepReadable(number: number): void {
    const held = this.#held.get(number)
    if (held === undefined) return
    try {
      this.#open(held)
    } catch {
      // It could not be read in any case: its reader will hear of it.
    }
  }

  /** Opens a file, which must be held. @throws what is wrong with it. */
  open(number: number): void {
    this.#open(this.#held.get(number) as HeldFile)
  }

  /** The value that the pointer at `bytes[at..]` leads to. The bytes are the caller's own. */
  readAt(bytes: Uint8Array, at: number): Uint8Array {
    return this.read(readPointer(bytes, at))
  }

  read(pointer: ValuePointer): Uint8Array {
    const { compression, stored } = pointer
    if (compression === STORED) return this.readStored(pointer)
    const held = this.#find(pointer)
    const into = stored <= this.#scratch.length ? this.#scratch : new Uint8Array(stored)
    this.#readInto(pointer, held, into)
    return this.valueIn(pointer, into, 0)
  }

  /** The bytes of a value as they stand in the file, checked. */
  readStored(pointer: ValuePointer): Uint8Array {
    const held = this.#find(pointer)
    const bytes = new Uint8Array(pointer.stored)
    this.#readInto(pointer, held, bytes)
    this.#check(pointer, held, bytes)
    return bytes
  }

  #readInto({ offset, stored }: ValuePointer, held: HeldFile, into: Uint8Array): void {
    this.reads += 1
    if (readFully(this.#open(held), into, 0, stored, offset) === stored) return
    throw corruption(held.path, offset, 'the file ends inside a value')
  }

  #check({ offset, crc }: ValuePointer, held: HeldFile, bytes: Uint8Array): void {
    const found = crc32(bytes)
    if (found === crc) return
    const what = `a value with checksum ${found.toString(16)}, expected ${crc.toString(16)}`
    throw corruption(held.path, offset, what)
  }

  /** Reads what stands from `offset` on in the file of a pointer; returns how many bytes that are. */
  readPiece(pointer: ValuePointer, offset: number, into: Uint8Array): number {
    const held = this.#find(pointer)
    return readFully(this.#open(held), into, 0, Math.min(into.length, held.size - offset), offset)
  }

  /** The value of a pointer, whose bytes stand in `bytes[at..]`. */
  valueIn(pointer: ValuePointer, bytes: Uint8Array, at: number): Uint8Array {
    const { stored, length, compression, offset } = pointer
    const held = this.#find(pointer)
    this.#check(pointer, held, bytes.subarray(at, at + stored))
    if (compression === STORED) return copyRange(bytes, at, at + stored)
    const value = new Uint8Array(length)
    if (decompressBlock(compression, bytes, at, at + stored, value, 0, length)) return value
    throw corruption(held.path, offset, 'a value that does not decompress')
  }

  /** The file of a pointer that may lead into it. */
  #find({ file, offset, stored, length, compression }: ValuePointer): HeldFile {
    const held = this.#held.get(file)
    if (held === undefined) {
      throw corruption(
        this.pathOf(file),
        offset,
        'a pointer into a file that its table does not name',
      )
    }
    const inside = offset >= VALUE_FILE_HEADER_BYTES && offset + stored <= held.size
    // Nothing is allocated for what cannot come of so few bytes.
    const whole = compression === STORED ? stored === length : canMake(compression, stored, length)
    if (inside && whole && length <= MAX_VALUE_BYTES) return held
    throw corruption(held.path, offset, 'a pointer that leads to no value')
  }

  #open(held: HeldFile): StoreFile {
    if (held.file !== undefined) return held.file
    const { path, size } = held
    const file = this.#fileSystem.open(path, 'read')
    try {
      if (!this.#lenient) checkFile(file, path, size)
    } catch (error) {
      file.close()
      throw error
    }
    held.file = file
    return file
  }
}

/** True when so many bytes, compressed, may make so many. */
function canMake(compression: number, stored: number, length: number): boolean {
  const most = compression === LZ4 ? LZ4_MOST : compression === ZSTD ? ZSTD_MOST : 0
  return length <= stored * most
}

function checkFile(file: StoreFile, path: string, size: number): void {
  const found = file.size()
  if (found !== size) throw corruption(path, 0, `a size of ${found}, expected ${size}`)
  const header = new Uint8Array(VALUE_FILE_HEADER_BYTES)
  const length = readFully(file, header, 0, header.length, 0)
  const version = decodeValueFileHeader(header.subarray(0, length))
  if (typeof version === 'string') throw corruption(path, 0, version)
  if (version === VALUE_FILE_VERSION) return
  throw new StoreError(
    'STORE_VERSION',
    `${path} has value file format ${version}; this release reads ${VALUE_FILE_VERSION}. ` +
      'Update the package.',
    { path },
  )
}
