import { decompressBlock } from '../compression/compression.ts'
import { corruption, ioError, isStoreError, type StoreError } from '../errors.ts'
import { type FileSystem, readFully, type StoreFile } from '../fs/file-system.ts'
import { Block } from '../sstable/block.ts'
import { TableFile } from '../sstable/table-file.ts'
import { SECTION_TRAILER_BYTES, sectionFault, tableName } from '../sstable/table-format.ts'
import type { TableIndex } from '../sstable/table-index.ts'

/**
 * Reads a table for those who check or rescue it: block after block, going on behind damage. Nothing
 * of it is cached, and nothing is believed before its checksum was right.
 */
export class TableWalk {
  readonly path: string
  readonly bytes: number
  readonly block: Block = new Block()
  readonly #file: StoreFile
  #buffer: Uint8Array = new Uint8Array(64 * 1024)
  #content: Uint8Array = new Uint8Array(64 * 1024)

  private constructor(path: string, file: StoreFile) {
    this.path = path
    this.#file = file
    this.bytes = file.size()
  }

  static open(fileSystem: FileSystem, directory: string, number: number): TableWalk {
    const path = `${directory}/${tableName(number)}`
    return new TableWalk(path, fileSystem.open(path, 'read'))
  }

  /**
   * Where the sections are.
   *
   * @throws StoreError `STORE_CORRUPT`, `STORE_VERSION`
   */
  sections(): TableFile {
    return TableFile.read(this.#file, this.path, this.bytes)
  }

  /** Makes `block` show block `i`, or returns what is wrong with it. */
  read(index: TableIndex, i: number): StoreError | undefined {
    const { path } = this
    const start = index.offsets[i] as number
    const end = index.offsets[i + 1] as number
    const length = end - start
    if (end > this.bytes || length < SECTION_TRAILER_BYTES) {
      return corruption(path, start, 'a data block that goes beyond the end of the file')
    }
    try {
      if (length > this.#buffer.length) this.#buffer = new Uint8Array(length)
      if (readFully(this.#file, this.#buffer, 0, length, start) < length) {
        return corruption(path, start, 'the file ends inside a data block')
      }
    } catch (error) {
      return ioError(error, 'read', path)
    }
    const contentEnd = length - SECTION_TRAILER_BYTES
    const fault = sectionFault(this.#buffer, 0, contentEnd)
    if (fault !== undefined) return corruption(path, start, `data block with ${fault}`)
    const size =
      (index.starts[i + 1] as number) - (index.starts[i] as number) - SECTION_TRAILER_BYTES
    if (size > this.#content.length) this.#content = new Uint8Array(size)
    const kind = this.#buffer[contentEnd] as number
    if (!decompressBlock(kind, this.#buffer, 0, contentEnd, this.#content, 0, size)) {
      return corruption(path, start, 'a data block that does not decompress')
    }
    if (this.block.open(this.#content, 0, size)) return undefined
    return corruption(path, start, 'a malformed data block')
  }

  /** The key of the entry read last. */
  key(): Uint8Array {
    const { bytes, prefixStart, prefixLength, suffixStart, suffixEnd } = this.block
    const key = new Uint8Array(prefixLength + suffixEnd - suffixStart)
    key.set(bytes.subarray(prefixStart, prefixStart + prefixLength))
    key.set(bytes.subarray(suffixStart, suffixEnd), prefixLength)
    return key
  }

  close(): void {
    this.#file.close()
  }
}

/** The error as a finding: what the file system threw becomes a coded one. */
export function finding(error: unknown, path: string): StoreError {
  return isStoreError(error) ? error : ioError(error, 'read', path)
}
