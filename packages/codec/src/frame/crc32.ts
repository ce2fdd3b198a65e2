import { crc32 as zlibCrc32 } from 'node:zlib'

/** CRC-32 as zlib, gzip and PNG have it (polynomial 0xedb88320), continued from `seed`. */
export function crc32(bytes: Uint8Array, seed = 0): number {
  return zlibCrc32(bytes, seed)
}
