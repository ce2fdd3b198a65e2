import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { lz4Compress, lz4Decompress } from './lz4.ts'

/** How data blocks are compressed. */
export type Compression = 'none' | 'lz4' | 'zstd'

const COMPRESSIONS: readonly unknown[] = ['none', 'lz4', 'zstd'] satisfies readonly Compression[]

export function isCompression(value: unknown): value is Compression {
  return COMPRESSIONS.includes(value)
}

/** Throws unless it is one. */
export function checkCompression(field: string, value: unknown): asserts value is Compression {
  if (isCompression(value)) return
  throw new RangeError(`${field} must be none, lz4 or zstd, got ${String(value)}`)
}

export const STORED = 0
export const LZ4 = 1
export const ZSTD = 2

/** What does not become this much smaller is stored as it is: reading it is cheaper. */
const WORTHWHILE = 7 / 8
const ZSTD_LEVEL = 3

const zstdOptions = { params: { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL } }

let compressed = new Uint8Array(64 * 1024)

/** A block made smaller, or not. */
export interface CompressedBlock {
  readonly kind: number
  /** Holds until the next call. Absent when the block is to be stored as it is. */
  readonly bytes: Uint8Array | undefined
}

const AS_IT_IS: CompressedBlock = { kind: STORED, bytes: undefined }

export function compressBlock(
  bytes: Uint8Array,
  start: number,
  end: number,
  compression: Compression,
): CompressedBlock {
  const most = Math.floor((end - start) * WORTHWHILE)
  if (compression === 'lz4') {
    if (most > compressed.length) compressed = new Uint8Array(most)
    const length = lz4Compress(bytes, start, end, compressed, 0, most)
    return length < 0 ? AS_IT_IS : { kind: LZ4, bytes: compressed.subarray(0, length) }
  }
  if (compression === 'zstd') {
    const smaller = zstdCompressSync(bytes.subarray(start, end), zstdOptions)
    return smaller.length > most ? AS_IT_IS : { kind: ZSTD, bytes: smaller }
  }
  return AS_IT_IS
}

/**
 * Makes `into[offset..offset + length)` of `from[start..end)`. False when the kind is not known, or
 * the bytes do not make exactly so many.
 */
export function decompressBlock(
  kind: number,
  from: Uint8Array,
  start: number,
  end: number,
  into: Uint8Array,
  offset: number,
  length: number,
): boolean {
  if (kind === STORED) {
    if (end - start !== length) return false
    into.set(from.subarray(start, end), offset)
    return true
  }
  if (kind === LZ4) return lz4Decompress(from, start, end, into, offset, length)
  if (kind !== ZSTD) return false
  try {
    const bytes = zstdDecompressSync(from.subarray(start, end), { maxOutputLength: length })
    if (bytes.length !== length) return false
    into.set(bytes, offset)
    return true
  } catch {
    // Not a zstd frame, or one of more bytes: the caller reports the damage.
    return false
  }
}
