/**
 * IDs of stream entries, `<ms>-<seq>` of two unsigned 64-bit numbers, kept as 16 bytes big-endian
 * in a latin1 string: they compare, sort and go into the store as they are.
 */
export type StreamId = string

const WORD = 0x1_0000_0000
const UINT64_MAX = 2n ** 64n - 1n

export const MIN_ID: StreamId = '\0'.repeat(16)
export const MAX_ID: StreamId = '\xff'.repeat(16)

/**
 * An ID of its four words. Made at once: what is put together of longer parts is no flat string,
 * and comparing such strings takes many times as long.
 */
function ofWords(a: number, b: number, c: number, d: number): StreamId {
  return String.fromCharCode(
    a >>> 24,
    (a >>> 16) & 0xff,
    (a >>> 8) & 0xff,
    a & 0xff,
    b >>> 24,
    (b >>> 16) & 0xff,
    (b >>> 8) & 0xff,
    b & 0xff,
    c >>> 24,
    (c >>> 16) & 0xff,
    (c >>> 8) & 0xff,
    c & 0xff,
    d >>> 24,
    (d >>> 16) & 0xff,
    (d >>> 8) & 0xff,
    d & 0xff,
  )
}

const highWord = (value: number | bigint): number =>
  typeof value === 'number' ? Math.floor(value / WORD) : Number(value >> 32n)

const lowWord = (value: number | bigint): number =>
  typeof value === 'number' ? value - Math.floor(value / WORD) * WORD : Number(value & 0xffffffffn)

export const makeId = (ms: number | bigint, seq: number | bigint): StreamId =>
  ofWords(highWord(ms), lowWord(ms), highWord(seq), lowWord(seq))

/** The ID that stands in a longer string of bytes. */
export const idWithin = (bytes: string, at: number): StreamId =>
  ofWords(wordAt(bytes, at), wordAt(bytes, at + 4), wordAt(bytes, at + 8), wordAt(bytes, at + 12))

const wordAt = (id: StreamId, at: number): number =>
  id.charCodeAt(at) * 0x100_0000 +
  ((id.charCodeAt(at + 1) << 16) | (id.charCodeAt(at + 2) << 8) | id.charCodeAt(at + 3))

function uint64At(id: StreamId, at: number): number | bigint {
  const high = wordAt(id, at)
  const low = wordAt(id, at + 4)
  if (high < 0x20_0000) return high * WORD + low
  return (BigInt(high) << 32n) | BigInt(low)
}

export const millisecondsOf = (id: StreamId): number | bigint => uint64At(id, 0)
export const sequenceOf = (id: StreamId): number | bigint => uint64At(id, 8)

export const formatId = (id: StreamId): string => `${uint64At(id, 0)}-${uint64At(id, 8)}`

/** The next ID, or undefined after the last. */
export function idAfter(id: StreamId): StreamId | undefined {
  return step(id, 1)
}

/** The ID before, or undefined before the first. */
export function idBefore(id: StreamId): StreamId | undefined {
  return step(id, -1)
}

function step(id: StreamId, by: 1 | -1): StreamId | undefined {
  const seq = sequenceOf(id)
  const isSmall = typeof seq === 'number' && seq < Number.MAX_SAFE_INTEGER
  if (isSmall && (by === 1 || seq > 0)) {
    return ofWords(wordAt(id, 0), wordAt(id, 4), highWord(seq + by), lowWord(seq + by))
  }
  const ms = millisecondsOf(id)
  const whole = (BigInt(ms) << 64n) + BigInt(seq) + BigInt(by)
  if (whole < 0n || whole >> 128n !== 0n) return undefined
  return makeId(whole >> 64n, whole & UINT64_MAX)
}

/** An unsigned number as strtoull reads it, or undefined. */
export function parseUint64(text: string): number | bigint | undefined {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  // a canonical negative number is refused; what only strtoull reads wraps around, as there
  if (!/^[\t-\r ]*[+-]?\d+$/.test(text) || /^-[1-9]\d*$/.test(text)) return undefined
  const trimmed = text.trim()
  const magnitude = BigInt(trimmed.replace(/^[+-]/, ''))
  if (magnitude > UINT64_MAX) return undefined
  const value = trimmed.startsWith('-') ? BigInt.asUintN(64, -magnitude) : magnitude
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value
}

export interface PartialId {
  readonly ms: number | bigint
  /** Undefined: `<ms>-*`. */
  readonly seq: number | bigint | undefined
}

const MAX_TEXT = 127

/**
 * `<ms>-<seq>`, or `<ms>` with a sequence that is missing. Undefined when it is none.
 * With `auto`, `<ms>-*` leaves the sequence open.
 */
export function parsePartialId(
  text: string,
  missing: number | bigint,
  auto = false,
): PartialId | undefined {
  if (text.length > MAX_TEXT) return undefined
  const dash = text.indexOf('-')
  const ms = parseUint64(dash === -1 ? text : text.slice(0, dash))
  if (ms === undefined) return undefined
  if (dash === -1) return { ms, seq: missing }
  const rest = text.slice(dash + 1)
  if (auto && rest === '*') return { ms, seq: undefined }
  const seq = parseUint64(rest)
  return seq === undefined ? undefined : { ms, seq }
}

export const MAX_SEQUENCE: bigint = UINT64_MAX

/** A whole ID, or undefined. */
export function parseId(text: string, missing: number | bigint = 0): StreamId | undefined {
  const parts = parsePartialId(text, missing)
  return parts?.seq === undefined ? undefined : makeId(parts.ms, parts.seq)
}
