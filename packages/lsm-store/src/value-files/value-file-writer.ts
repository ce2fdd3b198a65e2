import { crc32 } from 'node:zlib'
import { type Compression, compressBlock } from '../compression/compression.ts'
import { type FileSystem, type StoreFile, writeFully } from '../fs/file-system.ts'
import {
  encodeValueFileHeader,
  MAX_VALUE_FILE_BYTES,
  VALUE_FILE_HEADER_BYTES,
  valueFileName,
} from './value-file-format.ts'
import type { ValuePointer } from './value-pointer.ts'

/** Smaller values are collected into writes of this size. */
const OUTPUT_BYTES = 64 * 1024

/** Writes one value file: values in, pointers out. */
export class ValueFileWriter {
  readonly number: number
  readonly #file: StoreFile
  readonly #output: Uint8Array = new Uint8Array(OUTPUT_BYTES)
  #outputUsed = 0
  /** Bytes of the file before those in `#output`. */
  #flushed = 0

  constructor(fileSystem: FileSystem, directory: string, number: number) {
    this.number = number
    this.#file = fileSystem.open(`${directory}/${valueFileName(number)}`, 'create')
    this.#output.set(encodeValueFileHeader())
    this.#outputUsed = VALUE_FILE_HEADER_BYTES
  }

  /** Bytes written and collected so far. */
  get size(): number {
    return this.#flushed + this.#outputUsed
  }

  /** Adds the value `bytes[start..end)`, compressed when that makes it smaller. */
  add(bytes: Uint8Array, start: number, end: number, compression: Compression): ValuePointer {
    const { kind, bytes: smaller } = compressBlock(bytes, start, end, compression)
    const stored = smaller ?? bytes.subarray(start, end)
    return this.addStored(stored, end - start, kind, crc32(stored))
  }

  /** Adds a value as it stands elsewhere. */
  addStored(stored: Uint8Array, length: number, compression: number, crc: number): ValuePointer {
    const offset = this.size
    if (offset + stored.length > MAX_VALUE_FILE_BYTES) {
      throw new RangeError('value file would exceed 4 GiB')
    }
    this.#write(stored)
    return { file: this.number, offset, stored: stored.length, length, compression, crc }
  }

  #write(bytes: Uint8Array): void {
    if (this.#outputUsed + bytes.length > OUTPUT_BYTES) this.#flush()
    if (bytes.length > OUTPUT_BYTES / 4) {
      this.#flush()
      writeFully(this.#file, bytes, 0, bytes.length, this.#flushed)
      this.#flushed += bytes.length
      return
    }
    this.#output.set(bytes, this.#outputUsed)
    this.#outputUsed += bytes.length
  }

  #flush(): void {
    writeFully(this.#file, this.#output, 0, this.#outputUsed, this.#flushed)
    this.#flushed += this.#outputUsed
    this.#outputUsed = 0
  }

  /** Writes what is left, syncs the file and closes it; returns its size. */
  finish(): number {
    this.#flush()
    this.#file.syncNow()
    this.#file.close()
    return this.#flushed
  }

  /** Closes it as it is. */
  close(): void {
    this.#file.close()
  }
}
