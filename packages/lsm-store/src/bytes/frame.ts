/**
 * Frames as codec's `encodeFrame` makes them: `payload length u32 | crc32 u32 | type u8 | payload`,
 * the checksum over type and payload. Here they are made and checked in place.
 */
import { crc32 } from 'node:zlib'
import { readUint32, writeUint32 } from './integers.ts'

export const FRAME_HEADER_BYTES = 9

/** Makes `bytes[start..end)` a frame; the payload stands there already. */
export function sealFrame(bytes: Uint8Array, start: number, end: number, type: number): void {
  bytes[start + 8] = type
  writeUint32(bytes, start, end - start - FRAME_HEADER_BYTES)
  writeUint32(bytes, start + 4, crc32(bytes.subarray(start + 8, end)))
}

/** End of the frame at `offset` when it is whole and its checksum fits, otherwise -1. */
export function frameEnd(bytes: Uint8Array, offset: number, limit: number): number {
  if (limit - offset < FRAME_HEADER_BYTES) return -1
  const end = offset + FRAME_HEADER_BYTES + readUint32(bytes, offset)
  if (end > limit) return -1
  return crc32(bytes.subarray(offset + 8, end)) === readUint32(bytes, offset + 4) ? end : -1
}
