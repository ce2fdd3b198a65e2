import { frameEnd } from '../bytes/frame.ts'
import { corruption } from '../errors.ts'
import { type FileSystem, readFully, readWholeFile } from '../fs/file-system.ts'
import { Memtable } from '../memtable/memtable.ts'
import type { RecoveryMode } from '../options.ts'
import {
  FILE_HEADER_BYTES,
  GROUP_HEADER_BYTES,
  logName,
  readFileHeader,
  readGroupHeader,
} from './log-format.ts'
import { type Damage, replayLog } from './log-replay.ts'
import { LogSegment } from './log-segment.ts'

/** @see recoverLogs */
export interface RecoverLogsOptions {
  readonly fileSystem: FileSystem
  readonly directory: string
  /** Numbers of the logs to replay, ascending. */
  readonly numbers: readonly number[]
  /** The operation that the first log starts with. */
  readonly nextSequence: number
  /** Bytes that the last memtable shall be able to hold. */
  readonly capacity: number
  /** Default `pointInTime`. */
  readonly mode?: RecoveryMode
}

/** @see recoverLogs */
export interface RecoveredLogs {
  /** Oldest first. The last one can be appended to. */
  readonly segments: LogSegment[]
  /** Bytes that were given up: what a crash or power cut left unfinished. */
  readonly droppedBytes: number
}

/**
 * Replays logs in order. Where they stop making sense, two cases are told apart by what the frames
 * behind say of it: data that was durable is damaged (`STORE_CORRUPT`), or data that never was is
 * missing, as after a power cut: then the history ends there, and what follows is dropped.
 */
export function recoverLogs(options: RecoverLogsOptions): RecoveredLogs {
  const segments: LogSegment[] = []
  try {
    const droppedBytes = replayAll(options, segments)
    dropSpare(options.fileSystem, segments)
    return { segments, droppedBytes }
  } catch (error) {
    for (const { file } of segments) file.close()
    throw error
  }
}

/** Fills `segments`; returns how many bytes were given up. */
function replayAll(options: RecoverLogsOptions, segments: LogSegment[]): number {
  const { numbers } = options
  let next = options.nextSequence
  let syncedSequence = 0
  let dropped = 0
  for (const [i, number] of numbers.entries()) {
    // The last one may turn out to be a spare; then the one before it goes on.
    const capacity = i >= numbers.length - 2 ? options.capacity : 0
    const { segment, damage, claimed } = recoverLog(options, number, next, capacity)
    syncedSequence = Math.max(syncedSequence, claimed)
    if (segment !== undefined) {
      segments.push(segment)
      next = segment.memtable.lastSequence + 1
    }
    if (damage === undefined || continuesIn(options, numbers[i + 1], next)) continue
    checkMode(options, i, damage)
    if (segment === undefined && damage.claimedSequence === 0) {
      dropped += dropUnused(options, number)
      continue
    }
    const rest = numbers.slice(i + 1)
    const durable = Math.max(damage.claimedSequence, syncedSequence, claimsOf(options, rest))
    if (durable >= next) throw corruption(pathOf(options, number), damage.offset, damage.reason)
    return dropped + dropBehind(options, number, segment, rest)
  }
  return dropped
}

/** Throws for damage that the mode does not take, whatever it has done. */
function checkMode(options: RecoverLogsOptions, i: number, damage: Damage): void {
  const { mode = 'pointInTime', numbers } = options
  if (mode === 'pointInTime' || mode === 'salvage') return
  const atEnd = damage.claimedSequence === 0 && numbers.slice(i + 1).every(isUnused(options))
  if (mode === 'tolerateTornTail' && atEnd) return
  throw corruption(pathOf(options, numbers[i] as number), damage.offset, damage.reason)
}

/**
 * True when the next log starts with the operation at which this one stopped making sense: then what
 * stands there was given up for want of space, and written again.
 */
function continuesIn(
  options: RecoverLogsOptions,
  number: number | undefined,
  next: number,
): boolean {
  if (number === undefined) return false
  const bytes = readWholeFile(options.fileSystem, pathOf(options, number))
  const header = readFileHeader(bytes, frameEnd(bytes, 0, bytes.length))
  if (header === undefined || frameEnd(bytes, FILE_HEADER_BYTES, bytes.length) < 0) return false
  const group = readGroupHeader(bytes, FILE_HEADER_BYTES)
  return group.salt === header.salt && group.firstSequence === next
}

/** A log that was made ahead of time, and not written to. */
function isUnused(options: RecoverLogsOptions): (number: number) => boolean {
  return (number) => {
    const { length } = readWholeFile(options.fileSystem, pathOf(options, number))
    return length <= FILE_HEADER_BYTES
  }
}

/** Headers are durable before the first frame: a log with neither was never used. */
function dropUnused(options: RecoverLogsOptions, number: number): number {
  const { fileSystem } = options
  const { length } = readWholeFile(fileSystem, pathOf(options, number))
  fileSystem.removeNow(pathOf(options, number))
  return Math.max(0, length - FILE_HEADER_BYTES)
}

/** A log that was made ahead of time and not used yet goes: the one before it goes on. */
function dropSpare(fileSystem: FileSystem, segments: LogSegment[]): void {
  const last = segments[segments.length - 1]
  if (segments.length < 2 || last === undefined || last.memtable.count > 0) return
  segments.pop()
  last.file.close()
  fileSystem.removeNow(last.path)
}

function pathOf(options: RecoverLogsOptions, number: number): string {
  return `${options.directory}/${logName(number)}`
}

interface RecoveredLog {
  readonly segment: LogSegment | undefined
  readonly damage: Damage | undefined
  readonly claimed: number
}

function recoverLog(
  options: RecoverLogsOptions,
  number: number,
  next: number,
  least: number,
): RecoveredLog {
  const path = pathOf(options, number)
  const file = options.fileSystem.open(path, 'write')
  try {
    const length = file.size()
    const capacity = Math.max(least, length + GROUP_HEADER_BYTES)
    const memtable = new Memtable(capacity, next)
    readFully(file, memtable.arena, 0, length, 0)
    const { end, salt, damage, syncedSequence } = replayLog(path, memtable, length)
    if (end === 0) {
      file.close()
      return { segment: undefined, damage, claimed: 0 }
    }
    const segment = new LogSegment(number, path, file, salt, memtable)
    segment.written = end
    return { segment, damage, claimed: syncedSequence }
  } catch (error) {
    file.close()
    throw error
  }
}

/** The highest claim of durability in logs behind the damage. */
function claimsOf(options: RecoverLogsOptions, numbers: readonly number[]): number {
  let claimed = 0
  for (const number of numbers) {
    const path = pathOf(options, number)
    const bytes = readWholeFile(options.fileSystem, path)
    const memtable = new Memtable(bytes.length + 1, 1)
    memtable.arena.set(bytes)
    const { syncedSequence, damage } = replayLog(path, memtable, bytes.length)
    claimed = Math.max(claimed, syncedSequence, damage?.claimedSequence ?? 0)
  }
  return claimed
}

/** Ends the history at the last good frame, on disk too. Returns how many bytes that gave up. */
function dropBehind(
  options: RecoverLogsOptions,
  number: number,
  segment: LogSegment | undefined,
  rest: readonly number[],
): number {
  const { fileSystem, directory } = options
  let dropped = 0
  for (const later of segment === undefined ? [number, ...rest] : rest) {
    const { length } = readWholeFile(fileSystem, pathOf(options, later))
    dropped += Math.max(0, length - FILE_HEADER_BYTES)
    fileSystem.removeNow(pathOf(options, later))
  }
  if (segment !== undefined) {
    dropped += segment.file.size() - segment.written
    segment.file.truncate(segment.written)
  }
  fileSystem.syncDirectoryNow(directory)
  return dropped
}
