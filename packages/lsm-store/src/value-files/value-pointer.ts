import { readUint32, readUint48, writeUint32, writeUint48 } from '../bytes/integers.ts'
import { EXPIRY_BYTES } from '../memtable/record.ts'

/** Where a value is, in place of it. */
export interface ValuePointer {
  /** Number of the value file. */
  readonly file: number
  readonly offset: number
  /** Bytes that it takes there. */
  readonly stored: number
  /** Bytes that it has. */
  readonly length: number
  /** How it is compressed. */
  readonly compression: number
  /** Of the bytes as they stand there. */
  readonly crc: number
}

/** `file u48 | offset u32 | stored u32 | length u32 | compression u8 | crc u32` */
export const POINTER_BYTES = 23
/** What a table holds in place of a value: when the entry ends, 0 for never, and the pointer. */
export const SEPARATED_BYTES: number = EXPIRY_BYTES + POINTER_BYTES

export function readPointer(bytes: Uint8Array, at: number): ValuePointer {
  return {
    file: readUint48(bytes, at),
    offset: readUint32(bytes, at + 6),
    stored: readUint32(bytes, at + 10),
    length: readUint32(bytes, at + 14),
    compression: bytes[at + 18] as number,
    crc: readUint32(bytes, at + 19),
  }
}

export function writePointer(bytes: Uint8Array, at: number, pointer: ValuePointer): void {
  writeUint48(bytes, at, pointer.file)
  writeUint32(bytes, at + 6, pointer.offset)
  writeUint32(bytes, at + 10, pointer.stored)
  writeUint32(bytes, at + 14, pointer.length)
  bytes[at + 18] = pointer.compression
  writeUint32(bytes, at + 19, pointer.crc)
}
