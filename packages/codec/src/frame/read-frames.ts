import { crc32 } from './crc32.ts'
import { Crc32Index } from './crc32-index.ts'
import {
  checkFrameOptions,
  DEFAULT_MAX_FRAME_BYTES,
  FRAME_HEADER_BYTES,
  type Frame,
  readUint32,
} from './frame.ts'

/** Options of {@link readFrames}. */
export interface ReadFramesOptions {
  /** Longest payload that the writer may have written. Default {@link DEFAULT_MAX_FRAME_BYTES}. */
  readonly maxFrameBytes?: number
  /** The writer's salt. Default 0. */
  readonly salt?: number
  /**
   * The input is a part of a longer log: a frame that reaches beyond it is reported as `torn`
   * without a look at what follows. Read on from `end`. Default false.
   */
  readonly partial?: boolean
}

/** What {@link readFrames} has found. */
export interface FrameScan {
  readonly frames: Frame[]
  /** Where the last good frame ends: where a torn log may be cut. */
  readonly end: number
  /** `complete`: the input ends there. For the others see {@link readFrames}. */
  readonly tail: 'complete' | 'torn' | 'corrupt'
}

/**
 * Reads frames up to the first damage, and tells what kind of damage it is.
 *
 * `torn`: no good frame follows, so it may be what a crash has left of the last write; cutting the
 * log at `end` loses nothing that was whole. `corrupt`: good frames follow, or the length is above
 * `maxFrameBytes`; a crash does not do that, and cutting would lose what follows.
 *
 * Never throws on bytes, only a RangeError on bad options. Work is linear in the input, memory a sixteenth of the damaged rest.
 * Payloads are views into `bytes`. A log whose payloads contain whole frames needs a `salt`, or a
 * torn frame may be taken for a corrupt one.
 *
 * @example
 * ```ts
 * const { frames, end, tail } = readFrames(await readFile(path))
 * if (tail === 'torn') await truncate(path, end)
 * ```
 */
export function readFrames(bytes: Uint8Array, options: ReadFramesOptions = {}): FrameScan {
  const { maxFrameBytes = DEFAULT_MAX_FRAME_BYTES, salt = 0, partial = false } = options
  checkFrameOptions(maxFrameBytes, salt)
  const frames: Frame[] = []
  const length = bytes.length
  let offset = 0
  while (offset < length) {
    const payloadAt = offset + FRAME_HEADER_BYTES
    if (payloadAt > length) break
    const end = payloadAt + readUint32(bytes, offset)
    if (end > length || end - payloadAt > maxFrameBytes) break
    if (crc32(bytes, offset + 8, end, salt) !== readUint32(bytes, offset + 4)) break
    const payload = bytes.subarray(payloadAt, end)
    frames.push({ type: bytes[offset + 8] as number, payload, offset, end })
    offset = end
  }
  if (offset === length) return { frames, end: offset, tail: 'complete' }
  return { frames, end: offset, tail: judgeTail(bytes, offset, maxFrameBytes, salt, partial) }
}

function judgeTail(
  bytes: Uint8Array,
  offset: number,
  maxFrameBytes: number,
  salt: number,
  partial: boolean,
): 'torn' | 'corrupt' {
  if (bytes.length - offset < FRAME_HEADER_BYTES) return 'torn' // too short for any other frame
  const claimed = readUint32(bytes, offset)
  if (claimed > maxFrameBytes) return 'corrupt'
  if (partial && offset + FRAME_HEADER_BYTES + claimed > bytes.length) return 'torn'
  return hasFrameAfter(bytes, offset, maxFrameBytes, salt) ? 'corrupt' : 'torn'
}

/** Whether a good frame starts anywhere after `offset`. */
function hasFrameAfter(
  bytes: Uint8Array,
  offset: number,
  maxFrameBytes: number,
  salt: number,
): boolean {
  let index: Crc32Index | undefined
  const last = bytes.length - FRAME_HEADER_BYTES
  for (let at = offset + 1; at <= last; at++) {
    const length = readUint32(bytes, at)
    if (length > last - at || length > maxFrameBytes) continue
    // Every offset is a candidate with a length of its own, so checking each from scratch would
    // take quadratic time.
    index ??= new Crc32Index(bytes, offset)
    const end = at + FRAME_HEADER_BYTES + length
    if (index.crc32(at + 8, end, salt) === readUint32(bytes, at + 4)) return true
  }
  return false
}
