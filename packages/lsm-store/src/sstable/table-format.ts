/** The parts of a table file, described in docs/formats/sstable.md. */
import { crc32 } from 'node:zlib'
import { readUint16, readUint32, writeUint16, writeUint32 } from '../bytes/integers.ts'
import { STORED, ZSTD } from '../compression/compression.ts'

/** A table has the lowest version that says all about it. All are read. */
export const FIRST_TABLE_FORMAT_VERSION = 1
/** Blocks are compressed. */
export const COMPRESSED_TABLE_VERSION = 2
/** Values are in value files; blocks may be compressed. */
export const SEPARATED_TABLE_VERSION = 3
/** Index and filter are cut in partitions; the others may be so, too. */
export const PARTITIONED_TABLE_VERSION = 4
/** The highest that is read. */
export const TABLE_FORMAT_VERSION = 4

/** Behind each section: how it is compressed (0 = not), and the checksum of both. */
export const SECTION_TRAILER_BYTES = 5
/** Entry count u16, prefix length u16, base sequence u48. */
export const BLOCK_HEADER_BYTES = 10
/** Longer common prefixes are not cut off, so that entry offsets fit in 16 bits. */
export const MAX_BLOCK_PREFIX_BYTES = 1024
export const FOOTER_BYTES = 40

/** 'ASHLRTBL' */
const MAGIC: readonly number[] = [0x41, 0x53, 0x48, 0x4c, 0x52, 0x54, 0x42, 0x4c]

/** Where a section is, without its trailer. */
export interface Section {
  readonly offset: number
  readonly length: number
}

/** The sections of a table besides its data blocks. */
export interface Footer {
  readonly version: number
  /** Of a table in partitions: no bytes, where these begin. */
  readonly filter: Section
  /** Of a table in partitions: what leads to these. */
  readonly index: Section
  readonly properties: Section
}

/** Writes compression kind and checksum behind `bytes[start..end)`; returns the new end. */
export function sealSection(
  bytes: Uint8Array,
  start: number,
  end: number,
  compression: number = STORED,
): number {
  bytes[end] = compression
  writeUint32(bytes, end + 1, crc32(bytes.subarray(start, end + 1)))
  return end + SECTION_TRAILER_BYTES
}

/** What is wrong with the block or section that fills `bytes[start..end)`, if anything. */
export function sectionFault(bytes: Uint8Array, start: number, end: number): string | undefined {
  const expected = readUint32(bytes, end + 1)
  const found = crc32(bytes.subarray(start, end + 1))
  if (found !== expected) {
    return `checksum ${found.toString(16)} of its bytes, expected ${expected.toString(16)}`
  }
  const compression = bytes[end] as number
  return compression <= ZSTD ? undefined : `unknown compression ${compression}`
}

export function encodeFooter(footer: Footer): Uint8Array {
  const bytes = new Uint8Array(FOOTER_BYTES)
  let at = 0
  for (const { offset, length } of [footer.filter, footer.index, footer.properties]) {
    writeUint32(bytes, at, offset)
    writeUint32(bytes, at + 4, length)
    at += 8
  }
  writeUint16(bytes, 24, footer.version)
  writeUint32(bytes, 28, crc32(bytes.subarray(0, 28)))
  bytes.set(MAGIC, 32)
  return bytes
}

/** The footer, or what is wrong with it. */
export function decodeFooter(bytes: Uint8Array): Footer | string {
  if (bytes.length !== FOOTER_BYTES) return `a footer of ${bytes.length} bytes`
  if (MAGIC.some((byte, i) => bytes[32 + i] !== byte)) return 'no table footer'
  if (crc32(bytes.subarray(0, 28)) !== readUint32(bytes, 28))
    return 'a footer checksum that does not fit'
  const section = (at: number): Section => ({
    offset: readUint32(bytes, at),
    length: readUint32(bytes, at + 4),
  })
  return {
    version: readUint16(bytes, 24),
    filter: section(0),
    index: section(8),
    properties: section(16),
  }
}

/** The file name of a table. */
export function tableName(number: number): string {
  return `${String(number).padStart(8, '0')}.table`
}
