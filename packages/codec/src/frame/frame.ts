/** Bytes in front of a frame's payload: length u32, crc32 u32, type u8. */
export const FRAME_HEADER_BYTES = 9

/** The longest payload that frames take unless told otherwise: 128 MiB. */
export const DEFAULT_MAX_FRAME_BYTES: number = 128 * 1024 * 1024

/** One frame of a log. */
export interface Frame {
  /** 0 to 255: the writer's own meaning. */
  readonly type: number
  /** A view into the input, not a copy. */
  readonly payload: Uint8Array
  /** Where the frame starts in the input. */
  readonly offset: number
  /** Where it ends, and the next one starts. */
  readonly end: number
}

/**
 * Checks what writers and readers of frames must agree on.
 *
 * @throws RangeError naming the option.
 */
export function checkFrameOptions(maxFrameBytes: number, salt: number): void {
  if (!(maxFrameBytes >= 0)) {
    throw new RangeError(`maxFrameBytes must be 0 or more, got ${maxFrameBytes}`)
  }
  if (salt >>> 0 !== salt)
    throw new RangeError(`salt must be a 32-bit unsigned integer, got ${salt}`)
}

export function readUint32(bytes: Uint8Array, at: number): number {
  const high = (bytes[at + 2] as number) | ((bytes[at + 3] as number) << 8)
  return high * 0x10000 + ((bytes[at] as number) | ((bytes[at + 1] as number) << 8))
}
