export type { Clock, Timer, TimerOptions } from './clock/clock.ts'
export { systemClock } from './clock/system-clock.ts'
export { VirtualClock, type VirtualClockOptions } from './clock/virtual-clock.ts'
export { CodecError, type CodecErrorCode, type CodecErrorOptions, isCodecError } from './error.ts'
export { crc32 } from './frame/crc32.ts'
export { encodeFrame, type FrameOptions, writeFrame } from './frame/encode-frame.ts'
export { DEFAULT_MAX_FRAME_BYTES, FRAME_HEADER_BYTES, type Frame } from './frame/frame.ts'
export { type FrameScan, type ReadFramesOptions, readFrames } from './frame/read-frames.ts'
export type { PersistCeiling } from './hlc/ceiling.ts'
export { HybridClock, type HybridClockOptions } from './hlc/hybrid-clock.ts'
export type { HlcTimestamp } from './hlc/timestamp.ts'
export { createIdGenerator, type IdGeneratorOptions } from './id/id-generator.ts'
export { compareBytes } from './key/compare-bytes.ts'
export { decodeKey } from './key/decode-key.ts'
export { encodeKey } from './key/encode-key.ts'
export type { KeyPart, KeyTuple } from './key/key.ts'
export { type KeyRange, keyPrefix, prefixEnd } from './key/key-range.ts'
export { type Logger, silentLogger } from './log/logger.ts'
export { type Random, systemRandom } from './random/random.ts'
export { seededRandom } from './random/seeded-random.ts'
export {
  createRecordCodec,
  DEFAULT_MAX_RECORD_BYTES,
  DEFAULT_MAX_RECORD_DEPTH,
  type RecordCodec,
  type RecordCodecOptions,
} from './record/record-codec.ts'
