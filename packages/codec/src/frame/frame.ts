import { crc32 } from './crc32.ts'

/** Bytes in front of a frame's payload: length u32, crc32 u32, type u8. */
export const FRAME_HEADER_BYTES = 9
/** The payload limit of {@link encodeFrame} and {@link readFrames} unless told otherwise. */
export const DEFAULT_MAX_FRAME_BYTES: number = 128 * 1024 * 1024

/** One frame of a log, as {@link readFrames} found it. */
export interface Frame {
  /** 0 to 255, the writer's own meaning. */
  readonly type: number
  /** A view into the input, not a copy. */
  readonly payload: Uint8Array
  /** Where the frame starts in the input. */
  readonly offset: number
  /** Where the next frame starts. */
  readonly end: number
}

/** What {@link readFrames} found. */
export interface FrameScan {
  readonly frames: Frame[]
  /** The end of the last good frame: where a torn log may be cut. */
  readonly end: number
  readonly tail: 'complete' | 'torn' | 'corrupt'
}

/** Options of {@link readFrames}. */
export interface ReadFramesOptions {
  /** Longest payload that a writer may have written. Default {@link DEFAULT_MAX_FRAME_BYTES}. */
  readonly maxFrameBytes?: number
}

export function encodeFrame(type: number, payload: Uint8Array): Uint8Array {
  if (!Number.isInteger(type) || type < 0 || type > 255) {
    throw new RangeError(`type must be an integer from 0 to 255, got ${type}`)
  }
  if (payload.length > DEFAULT_MAX_FRAME_BYTES) {
    throw new RangeError(`payload must be at most ${DEFAULT_MAX_FRAME_BYTES} bytes`)
  }
  const frame = new Uint8Array(FRAME_HEADER_BYTES + payload.length)
  const view = new DataView(frame.buffer)
  frame[8] = type
  frame.set(payload, FRAME_HEADER_BYTES)
  view.setUint32(0, payload.length, true)
  view.setUint32(4, crc32(frame.subarray(8)), true)
  return frame
}

export function readFrames(bytes: Uint8Array, options: ReadFramesOptions = {}): FrameScan {
  const maxFrameBytes = options.maxFrameBytes ?? DEFAULT_MAX_FRAME_BYTES
  const frames: Frame[] = []
  let offset = 0
  for (;;) {
    if (offset === bytes.length) return { frames, end: offset, tail: 'complete' }
    const frame = frameAt(bytes, offset, maxFrameBytes)
    if (frame === undefined) break
    frames.push(frame)
    offset = frame.end
  }
  if (bytes.length - offset >= 4) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    if (view.getUint32(offset, true) > maxFrameBytes)
      return { frames, end: offset, tail: 'corrupt' }
  }
  for (let at = offset + 1; at < bytes.length; at++) {
    if (frameAt(bytes, at, maxFrameBytes)) return { frames, end: offset, tail: 'corrupt' }
  }
  return { frames, end: offset, tail: 'torn' }
}

function frameAt(bytes: Uint8Array, offset: number, maxFrameBytes: number): Frame | undefined {
  if (bytes.length - offset < FRAME_HEADER_BYTES) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, FRAME_HEADER_BYTES)
  const length = view.getUint32(0, true)
  const end = offset + FRAME_HEADER_BYTES + length
  if (length > maxFrameBytes || end > bytes.length) return undefined
  if (crc32(bytes.subarray(offset + 8, end)) !== view.getUint32(4, true)) return undefined
  const payload = bytes.subarray(offset + FRAME_HEADER_BYTES, end)
  return { type: bytes[offset + 8] as number, payload, offset, end }
}
