/**
 * The LZ4 block format, in plain JavaScript: a token (literal length in the high four bits, match length
 * less four in the low ones, each going on in further bytes at 15), literals, a match offset u16, and so
 * on; the end is literals alone.
 */
const MIN_MATCH = 4
/** The format wants the last bytes as literals. */
const LAST_LITERALS = 5
const NO_MATCH_BEFORE_END = 12
const MOST_OFFSET = 0xffff
const HASH_BITS = 12
/** After so many misses in a row steps grow, so that what does not compress costs little. */
const SKIP_SHIFT = 6

/** A loop copies so many bytes faster than a call does. */
const LONGEST_LOOP = 32

/** Where a four-byte sequence was last seen, plus one. */
const seen = new Int32Array(1 << HASH_BITS)

/**
 * Compresses `from[start..end)` to `into[offset..]`, and returns where it ends; -1 when that would be
 * behind `limit`.
 */
export function lz4Compress(
  from: Uint8Array,
  start: number,
  end: number,
  into: Uint8Array,
  offset: number,
  limit: number,
): number {
  seen.fill(0)
  const lastMatch = end - NO_MATCH_BEFORE_END
  let at = start
  let literals = start
  let out = offset
  let misses = 1 << SKIP_SHIFT
  while (at <= lastMatch) {
    const slot = hashAt(from, at)
    const match = (seen[slot] as number) - 1
    seen[slot] = at + 1
    const near = match >= start && at - match <= MOST_OFFSET
    if (!near || !sameFour(from, match, at)) {
      at += misses++ >> SKIP_SHIFT
      continue
    }
    const length = matchLength(from, match, at, end - LAST_LITERALS)
    out = writeSequence(from, literals, at, length, at - match, into, out, limit)
    if (out < 0) return -1
    at += length
    literals = at
    misses = 1 << SKIP_SHIFT
  }
  return writeSequence(from, literals, end, 0, 0, into, out, limit)
}

function hashAt(bytes: Uint8Array, at: number): number {
  const word =
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  return Math.imul(word, 0x9e3779b1) >>> (32 - HASH_BITS)
}

function sameFour(bytes: Uint8Array, a: number, b: number): boolean {
  return (
    bytes[a] === bytes[b] &&
    bytes[a + 1] === bytes[b + 1] &&
    bytes[a + 2] === bytes[b + 2] &&
    bytes[a + 3] === bytes[b + 3]
  )
}

function matchLength(bytes: Uint8Array, match: number, at: number, end: number): number {
  let length = MIN_MATCH
  while (at + length < end && bytes[match + length] === bytes[at + length]) length += 1
  return length
}

/** Writes literals and a match; without a match length, the last literals. */
function writeSequence(
  from: Uint8Array,
  start: number,
  end: number,
  length: number,
  distance: number,
  into: Uint8Array,
  offset: number,
  limit: number,
): number {
  const literals = end - start
  const most = offset + 1 + literals / 255 + 1 + literals + 2 + length / 255 + 1
  if (most > limit) return -1
  const extra = length === 0 ? 0 : length - MIN_MATCH
  into[offset] = (Math.min(literals, 15) << 4) | Math.min(extra, 15)
  let at = writeLength(into, offset + 1, literals)
  if (literals > LONGEST_LOOP) into.set(from.subarray(start, end), at)
  else for (let i = 0; i < literals; i++) into[at + i] = from[start + i] as number
  at += literals
  if (length === 0) return at
  into[at] = distance
  into[at + 1] = distance >>> 8
  return writeLength(into, at + 2, extra)
}

function writeLength(into: Uint8Array, offset: number, length: number): number {
  if (length < 15) return offset
  let at = offset
  let rest = length - 15
  for (; rest >= 255; rest -= 255) into[at++] = 255
  into[at++] = rest
  return at
}

/**
 * Decompresses `from[start..end)` to `into[offset..offset + length)`. False when it does not make
 * exactly that many bytes; nothing is written outside of them, whatever the input.
 */
export function lz4Decompress(
  from: Uint8Array,
  start: number,
  end: number,
  into: Uint8Array,
  offset: number,
  length: number,
): boolean {
  const outEnd = offset + length
  let at = start
  let out = offset
  while (at < end) {
    const token = from[at++] as number
    let literals = token >>> 4
    if (literals === 15) {
      let more = 255
      while (more === 255 && at < end) literals += more = from[at++] as number
    }
    if (at + literals > end || out + literals > outEnd) return false
    if (literals > LONGEST_LOOP) into.set(from.subarray(at, at + literals), out)
    else for (let i = 0; i < literals; i++) into[out + i] = from[at + i] as number
    at += literals
    out += literals
    if (at === end) return out === outEnd
    if (at + 2 > end) return false
    const distance = (from[at] as number) | ((from[at + 1] as number) << 8)
    at += 2
    let matched = (token & 15) + MIN_MATCH
    if (matched === 15 + MIN_MATCH) {
      let more = 255
      while (more === 255 && at < end) matched += more = from[at++] as number
    }
    if (distance === 0 || distance > out - offset || out + matched > outEnd) return false
    copyMatch(into, out, distance, matched)
    out += matched
  }
  return false
}

/** Repeats what stands `distance` bytes before, which may reach into what it writes. */
function copyMatch(into: Uint8Array, out: number, distance: number, length: number): void {
  let done = 0
  if (length <= LONGEST_LOOP || distance < LONGEST_LOOP) {
    done = length
    // Whole repetitions, from which longer pieces can be copied at a time.
    if (length > LONGEST_LOOP)
      done = Math.min(length, distance * Math.ceil(LONGEST_LOOP / distance))
    for (let i = 0; i < done; i++) into[out + i] = into[out + i - distance] as number
  }
  const start = out - distance
  while (done < length) {
    const most = Math.min(distance + done, length - done)
    into.copyWithin(out + done, start, start + most)
    done += most
  }
}
