/**
 * A log file: frames as codec's (`payload length u32 | crc32 u32 | type u8 | payload`), described in
 * docs/formats/wal.md. One frame is what one write(2) wrote: all batches of an event-loop turn.
 */
import { FRAME_HEADER_BYTES, sealFrame } from '../bytes/frame.ts'
import { readUint32, readUint48, writeUint32, writeUint48 } from '../bytes/integers.ts'

export const LOG_FORMAT_VERSION = 1
export const FRAME_FILE_HEADER = 1
export const FRAME_BATCHES = 2
/** Written by a close, after a sync: everything before it is durable. */
export const FRAME_CLOSED = 3

/** 'ASHLRWAL' */
const MAGIC: readonly number[] = [0x41, 0x53, 0x48, 0x4c, 0x52, 0x57, 0x41, 0x4c]
/** frame header; magic 8, version u16, reserved u16, log number u32, salt u32 */
export const FILE_HEADER_BYTES: number = FRAME_HEADER_BYTES + 20
/** frame header; first sequence u48, synced sequence u48, salt u32 */
export const GROUP_HEADER_BYTES: number = FRAME_HEADER_BYTES + 16

export interface FileHeader {
  readonly version: number
  readonly number: number
  /** Stands in every frame of the file, so that bytes from elsewhere are not taken for one. */
  readonly salt: number
}

export interface GroupHeader {
  readonly firstSequence: number
  /** All operations up to this one were durable when the frame was written. */
  readonly syncedSequence: number
  readonly salt: number
}

/** Writes the header of a file at offset 0. */
export function writeFileHeader(bytes: Uint8Array, header: FileHeader): void {
  bytes.set(MAGIC, 9)
  writeUint32(bytes, 17, header.version)
  writeUint32(bytes, 21, header.number)
  writeUint32(bytes, 25, header.salt)
  sealFrame(bytes, 0, FILE_HEADER_BYTES, FRAME_FILE_HEADER)
}

/** Writes the header of the frame that fills `bytes[start..end)`. */
export function writeGroupHeader(
  bytes: Uint8Array,
  start: number,
  end: number,
  header: GroupHeader,
  type: number = FRAME_BATCHES,
): void {
  writeUint48(bytes, start + 9, header.firstSequence)
  writeUint48(bytes, start + 15, header.syncedSequence)
  writeUint32(bytes, start + 21, header.salt)
  sealFrame(bytes, start, end, type)
}

/** The file header of a log whose first frame is sound; undefined when that is something else. */
export function readFileHeader(bytes: Uint8Array, end: number): FileHeader | undefined {
  if (end !== FILE_HEADER_BYTES || bytes[8] !== FRAME_FILE_HEADER) return undefined
  if (MAGIC.some((byte, i) => bytes[9 + i] !== byte)) return undefined
  return {
    version: readUint32(bytes, 17) & 0xffff,
    number: readUint32(bytes, 21),
    salt: readUint32(bytes, 25),
  }
}

/** What stands in front of the batches of a group frame. */
export function readGroupHeader(bytes: Uint8Array, offset: number): GroupHeader {
  return {
    firstSequence: readUint48(bytes, offset + 9),
    syncedSequence: readUint48(bytes, offset + 15),
    salt: readUint32(bytes, offset + 21),
  }
}

/** True for a frame type that carries a group header. */
export function isGroup(type: number | undefined): boolean {
  return type === FRAME_BATCHES || type === FRAME_CLOSED
}

/** The file name of a log. */
export function logName(number: number): string {
  return `${String(number).padStart(8, '0')}.log`
}
