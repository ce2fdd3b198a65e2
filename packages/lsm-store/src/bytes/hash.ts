/**
 * MurmurHash3 (x86, 32 bit, seed 0) of `bytes[start..end)`, as an unsigned number. Part of the table
 * format: bloom filters are built from it, so it must never change.
 */
export function hashRange(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0
  const length = end - start
  const whole = start + (length & ~3)
  let i = start
  for (; i < whole; i += 4) {
    let word =
      (bytes[i] as number) |
      ((bytes[i + 1] as number) << 8) |
      ((bytes[i + 2] as number) << 16) |
      ((bytes[i + 3] as number) << 24)
    word = Math.imul(word, 0xcc9e2d51)
    word = (word << 15) | (word >>> 17)
    hash ^= Math.imul(word, 0x1b873593)
    hash = (hash << 13) | (hash >>> 19)
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0
  }
  const rest = end - i
  if (rest > 0) {
    let word = bytes[i] as number
    if (rest > 1) word |= (bytes[i + 1] as number) << 8
    if (rest > 2) word |= (bytes[i + 2] as number) << 16
    word = Math.imul(word, 0xcc9e2d51)
    word = (word << 15) | (word >>> 17)
    hash ^= Math.imul(word, 0x1b873593)
  }
  hash ^= length
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
