import { STORED } from '../compression/compression.ts'
import { corruption, StoreError } from '../errors.ts'
import { readFully, type StoreFile } from '../fs/file-system.ts'
import { isFilter } from './bloom.ts'
import {
  decodeFooter,
  FIRST_TABLE_FORMAT_VERSION,
  FOOTER_BYTES,
  type Footer,
  PARTITIONED_TABLE_VERSION,
  SECTION_TRAILER_BYTES,
  type Section,
  sectionFault,
  TABLE_FORMAT_VERSION,
} from './table-format.ts'
import { TableIndex } from './table-index.ts'

const NOTHING = new Uint8Array(0)
/** Where indexes are read before they are decoded. */
const scratch = new Uint8Array(64 * 1024)

/**
 * A table file that is open, and where its sections are. The index and the filter come in partitions:
 * one of a small table, for one key range after another of a large one.
 */
export class TableFile {
  readonly file: StoreFile
  readonly path: string
  readonly footer: Footer
  /** Leads to partitions as an index leads to blocks; undefined when there is only one. */
  readonly top: TableIndex | undefined
  readonly #size: number

  private constructor(file: StoreFile, path: string, size: number) {
    this.file = file
    this.path = path
    this.#size = size
    this.footer = readFooter(file, path, size)
    const { version, filter } = this.footer
    if (version >= PARTITIONED_TABLE_VERSION && filter.length === 0) this.top = this.#readTop()
  }

  /**
   * Reads what tells where the rest is; `size` is that of the file.
   *
   * @throws StoreError `STORE_CORRUPT`, `STORE_VERSION`
   */
  static read(file: StoreFile, path: string, size: number): TableFile {
    return new TableFile(file, path, size)
  }

  #readTop(): TableIndex {
    const { offset } = this.footer.index
    const top = TableIndex.decode(this.#section(this.footer.index), offset)
    if (typeof top === 'string') throw corruption(this.path, offset, top)
    if (top.starts === top.offsets)
      throw corruption(this.path, offset, 'partitions without lengths')
    for (let i = 0; i < top.blocks; i++) {
      const index = indexIn(top, i)
      if (filterIn(top, i, index).length >= 0) continue
      throw corruption(this.path, offset, `an impossible length of partition ${i}`)
    }
    return top
  }

  get partitions(): number {
    return this.top?.blocks ?? 1
  }

  /** Where the data blocks end. */
  get dataEnd(): number {
    return this.top === undefined ? this.footer.filter.offset : (this.top.offsets[0] as number)
  }

  /** Reads the index of a partition. */
  index(partition: number): TableIndex {
    const { top, footer } = this
    const section = top === undefined ? footer.index : indexIn(top, partition)
    const index = TableIndex.decode(this.#section(section, scratch), this.dataEnd)
    if (typeof index === 'string') throw corruption(this.path, section.offset, index)
    return index
  }

  /** Reads the filter of a partition. */
  filter(partition: number): Uint8Array {
    const { top, footer } = this
    const section =
      top === undefined ? footer.filter : filterIn(top, partition, indexIn(top, partition))
    const filter = this.#section(section)
    if (!isFilter(filter)) throw corruption(this.path, section.offset, 'a malformed filter')
    return filter
  }

  /** Reads what the table says of itself. */
  properties(): unknown {
    const { properties } = this.footer
    const content = this.#section(properties)
    try {
      return JSON.parse(Buffer.from(content).toString())
    } catch {
      throw corruption(this.path, properties.offset, 'properties that are not JSON')
    }
  }

  /** Reads a section besides the data blocks and checks it; to memory of its own, or to `into` if it fits. */
  #section({ offset, length }: Section, into: Uint8Array = NOTHING): Uint8Array {
    const { path, file } = this
    if (offset + length + SECTION_TRAILER_BYTES > this.#size) {
      throw corruption(path, offset, 'a section that goes beyond the end of the file')
    }
    const whole = length + SECTION_TRAILER_BYTES
    const bytes = whole <= into.length ? into : new Uint8Array(whole)
    if (readFully(file, bytes, 0, whole, offset) < whole) {
      throw corruption(path, offset, 'the file ends inside a section')
    }
    const fault = sectionFault(bytes, 0, length)
    if (fault !== undefined) throw corruption(path, offset, `section with ${fault}`)
    if (bytes[length] !== STORED) throw corruption(path, offset, 'a section that is compressed')
    return bytes.subarray(0, length)
  }
}

/** The first section of a partition, whose length stands where that of an uncompressed block does. */
function indexIn({ offsets, starts }: TableIndex, i: number): Section {
  const length = (starts[i + 1] as number) - (starts[i] as number) - SECTION_TRAILER_BYTES
  return { offset: offsets[i] as number, length }
}

/** The second one, up to the next partition. */
function filterIn({ offsets }: TableIndex, i: number, index: Section): Section {
  const offset = index.offset + index.length + SECTION_TRAILER_BYTES
  return { offset, length: (offsets[i + 1] as number) - SECTION_TRAILER_BYTES - offset }
}

function readFooter(file: StoreFile, path: string, size: number): Footer {
  const start = size - FOOTER_BYTES
  const bytes = new Uint8Array(FOOTER_BYTES)
  if (start < 0 || file.size() !== size) {
    throw corruption(path, Math.max(0, start), `a size of ${file.size()}, expected ${size}`)
  }
  readFully(file, bytes, 0, FOOTER_BYTES, start)
  const footer = decodeFooter(bytes)
  if (typeof footer === 'string') throw corruption(path, start, footer)
  const { version } = footer
  if (version >= FIRST_TABLE_FORMAT_VERSION && version <= TABLE_FORMAT_VERSION) return footer
  throw new StoreError(
    'STORE_VERSION',
    `${path} has table format ${footer.version}; this release reads up to ${TABLE_FORMAT_VERSION}. ` +
      'Update the package.',
    { path },
  )
}
