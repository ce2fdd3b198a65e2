import { allocate } from '../bytes/allocate.ts'
import { crc32 } from './crc32.ts'
import { checkFrameOptions, DEFAULT_MAX_FRAME_BYTES, FRAME_HEADER_BYTES } from './frame.ts'

/** Options of {@link encodeFrame} and {@link writeFrame}. */
export interface FrameOptions {
  /**
   * Where the CRC starts from: what was written with one salt is no frame under another. Give each
   * log its own when its file's bytes may have been another log's, or when frames may contain
   * frames. Default 0.
   */
  readonly salt?: number
  /** Longest payload. Default {@link DEFAULT_MAX_FRAME_BYTES}; the reader needs the same. */
  readonly maxFrameBytes?: number
}

/**
 * Encodes one frame: `length u32 | crc32 u32 | type u8 | payload`, little-endian, the CRC over type
 * and payload.
 *
 * @throws RangeError when `type` is no byte or the payload is longer than `maxFrameBytes`.
 * @example
 * ```ts
 * await file.appendFile(encodeFrame(1, payload))
 * ```
 */
export function encodeFrame(type: number, payload: Uint8Array, options?: FrameOptions): Uint8Array {
  const frame = allocate(FRAME_HEADER_BYTES + payload.length)
  writeFrame(frame, 0, type, payload, options)
  return frame
}

/**
 * Writes the same into `target` at `offset` and returns where the frame ends: for writers that put
 * many frames into one buffer of their own.
 *
 * @throws RangeError as {@link encodeFrame}, and when the frame does not fit.
 * @example
 * ```ts
 * let end = 0
 * for (const payload of payloads) end = writeFrame(buffer, end, 1, payload)
 * ```
 */
export function writeFrame(
  target: Uint8Array,
  offset: number,
  type: number,
  payload: Uint8Array,
  options?: FrameOptions,
): number {
  const length = payload.length
  const maxFrameBytes = options?.maxFrameBytes ?? DEFAULT_MAX_FRAME_BYTES
  const salt = options?.salt ?? 0
  checkFrameOptions(maxFrameBytes, salt)
  if (type !== (type & 0xff)) {
    throw new RangeError(`type must be an integer from 0 to 255, got ${type}`)
  }
  if (length > maxFrameBytes) {
    throw new RangeError(`payload must be at most maxFrameBytes (${maxFrameBytes}), got ${length}`)
  }
  const end = offset + FRAME_HEADER_BYTES + length
  if (!(offset >= 0 && end <= target.length)) {
    throw new RangeError(`target must have room for ${FRAME_HEADER_BYTES + length} more bytes`)
  }
  target[offset + 8] = type
  target.set(payload, offset + FRAME_HEADER_BYTES)
  writeUint32(target, offset, length)
  writeUint32(target, offset + 4, crc32(target, offset + 8, end, salt))
  return end
}

function writeUint32(target: Uint8Array, at: number, value: number): void {
  target[at] = value
  target[at + 1] = value >>> 8
  target[at + 2] = value >>> 16
  target[at + 3] = value >>> 24
}
