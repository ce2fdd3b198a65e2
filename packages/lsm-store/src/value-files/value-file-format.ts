/** Value files, described in docs/formats/values.md: a header, then values one behind another. */
import { crc32 } from 'node:zlib'
import { readUint16, readUint32, writeUint16, writeUint32 } from '../bytes/integers.ts'

export const VALUE_FILE_VERSION = 1
export const VALUE_FILE_HEADER_BYTES = 16
/** Where values stand has 32 bits. */
export const MAX_VALUE_FILE_BYTES = 0xffff_ffff

/** 'ASHLRVAL' */
const MAGIC: readonly number[] = [0x41, 0x53, 0x48, 0x4c, 0x52, 0x56, 0x41, 0x4c]

export function encodeValueFileHeader(): Uint8Array {
  const bytes = new Uint8Array(VALUE_FILE_HEADER_BYTES)
  bytes.set(MAGIC)
  writeUint16(bytes, 8, VALUE_FILE_VERSION)
  writeUint32(bytes, 12, crc32(bytes.subarray(0, 12)))
  return bytes
}

/** The version of the file, or what is wrong with its header. */
export function decodeValueFileHeader(bytes: Uint8Array): number | string {
  if (bytes.length < VALUE_FILE_HEADER_BYTES) return `a header of ${bytes.length} bytes`
  if (MAGIC.some((byte, i) => bytes[i] !== byte)) return 'no header of a value file'
  if (crc32(bytes.subarray(0, 12)) !== readUint32(bytes, 12)) {
    return 'a header checksum that does not fit'
  }
  return readUint16(bytes, 8)
}

/** The file name of a value file. */
export function valueFileName(number: number): string {
  return `${String(number).padStart(8, '0')}.values`
}
