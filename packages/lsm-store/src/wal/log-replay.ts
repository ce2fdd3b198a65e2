import { FRAME_HEADER_BYTES, frameEnd } from '../bytes/frame.ts'
import { readUint32, VarintReader } from '../bytes/integers.ts'
import { corruption, StoreError } from '../errors.ts'
import { decodeIngest } from '../ingest/ingest-record.ts'
import type { Memtable } from '../memtable/memtable.ts'
import { KIND_INGEST, type RecordReader } from '../memtable/record.ts'
import {
  FILE_HEADER_BYTES,
  FRAME_CLOSED,
  GROUP_HEADER_BYTES,
  isGroup,
  LOG_FORMAT_VERSION,
  readFileHeader,
  readGroupHeader,
} from './log-format.ts'

/** How much checksumming the search behind a damaged place may cost, in lengths of the file. */
const SEARCH_EFFORT = 16

/** What a log file held. */
export interface Replay {
  readonly salt: number
  /** End of the last good frame. */
  readonly end: number
  /** The file does not go on after `end`, or with nothing but damage. */
  readonly damage: Damage | undefined
  /** All operations up to this one were durable, as the frames say. */
  readonly syncedSequence: number
  /** A close wrote its mark, and nothing was written after it. */
  readonly closed: boolean
}

/** A place where the log stops making sense. */
export interface Damage {
  readonly offset: number
  readonly reason: string
  /** What frames found behind it say was durable. */
  readonly claimedSequence: number
}

/**
 * Indexes a log that stands in the memtable's arena. Stops at the first frame that is not whole, or
 * does not go on where the history ended; whether that is a torn tail or damage to durable data is
 * for the caller, who knows the other logs.
 */
export function replayLog(path: string, memtable: Memtable, length: number): Replay {
  const { arena } = memtable
  const header = readFileHeader(arena, frameEnd(arena, 0, length))
  if (header === undefined) {
    // The header was synced before any frame was written: a frame without one means damage.
    const behind = claimsBehind(arena, 1, length, undefined, 0)
    const claimedSequence = behind === undefined ? 0 : Number.POSITIVE_INFINITY
    const damage = { offset: 0, reason: 'no whole file header', claimedSequence }
    return { salt: 0, end: 0, damage, syncedSequence: 0, closed: false }
  }
  checkLogVersion(path, header.version)
  let end = FILE_HEADER_BYTES
  let syncedSequence = 0
  let closed = false
  memtable.used = end
  while (end < length) {
    const next = frameEnd(arena, end, length)
    if (next < 0 || !isGroup(arena[end + 8]) || next - end < GROUP_HEADER_BYTES) break
    const group = readGroupHeader(arena, end)
    if (group.salt !== header.salt || group.firstSequence !== memtable.lastSequence + 1) break
    memtable.used = next
    indexGroup(path, memtable, end, next)
    syncedSequence = Math.max(syncedSequence, group.syncedSequence)
    closed = arena[end + 8] === FRAME_CLOSED
    end = next
  }
  const { salt } = header
  if (end === length) return { salt, end, damage: undefined, syncedSequence, closed }
  const expected = memtable.lastSequence + 1
  const claimedSequence = claimsBehind(arena, end, length, salt, expected) ?? 0
  const damage = {
    offset: end,
    reason: `no whole frame that goes on with operation ${expected}`,
    claimedSequence,
  }
  return { salt, end, damage, syncedSequence, closed: false }
}

/** Throws `STORE_VERSION` for a format that this release does not know. */
export function checkLogVersion(path: string, version: number): void {
  if (version === LOG_FORMAT_VERSION) return
  throw new StoreError(
    'STORE_VERSION',
    `${path} has log format ${version}; this release reads ${LOG_FORMAT_VERSION}. Update the package.`,
    { path },
  )
}

/** Indexes the batches of the frame `arena[start..end)`. */
export function indexGroup(path: string, memtable: Memtable, start: number, end: number): void {
  const { arena, record } = memtable
  const varints = new VarintReader(arena, start + GROUP_HEADER_BYTES, end)
  while (varints.offset < end) {
    const records = varints.next()
    const first = varints.offset
    let at = first
    // The checksum fits, so this is a writer's mistake or an attack; the batch is still refused whole.
    for (let i = 0; i < records && !varints.failed; i++) {
      if (at < end && record.read(arena, at, end) && isSound(arena, record)) at = record.valueEnd
      else varints.failed = true
    }
    if (varints.failed) throw corruption(path, start, 'the frame holds a malformed batch')
    memtable.index(first, at, records)
    varints.offset = at
  }
}

/** What a record says beyond its lengths: an ingest must name tables. */
function isSound(arena: Uint8Array, { kind, keyEnd, valueEnd }: RecordReader): boolean {
  return kind !== KIND_INGEST || decodeIngest(arena.subarray(keyEnd, valueEnd), 0) !== undefined
}

/**
 * The highest claim of durability that frames in `arena[from..length)` make, if there are any.
 * Without a salt, as when the file header is lost, frames of any salt count. A search that costs too
 * much answers with infinity: rather refuse to open than drop what could not be looked at.
 */
function claimsBehind(
  arena: Uint8Array,
  from: number,
  length: number,
  salt: number | undefined,
  expected: number,
): number | undefined {
  let claimed: number | undefined
  let effort = length * SEARCH_EFFORT
  for (let at = from; at + GROUP_HEADER_BYTES <= length; at++) {
    if (!isGroup(arena[at + 8])) continue
    const group = readGroupHeader(arena, at)
    if (salt !== undefined && group.salt !== salt) continue
    if (group.firstSequence < expected) continue
    const claimedEnd = at + FRAME_HEADER_BYTES + readUint32(arena, at)
    if (claimedEnd > length) continue
    effort -= claimedEnd - at
    if (effort < 0) return Number.POSITIVE_INFINITY
    const end = frameEnd(arena, at, length)
    if (end < 0) continue
    claimed = Math.max(claimed ?? 0, group.syncedSequence)
    at = end - 1
  }
  return claimed
}
