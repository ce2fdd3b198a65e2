import { corruption } from '../errors.ts'
import { type FileSystem, readFully, readWholeFile } from '../fs/file-system.ts'
import { Memtable } from '../memtable/memtable.ts'
import { GROUP_HEADER_BYTES, logName } from './log-format.ts'
import { type Damage, replayLog } from './log-replay.ts'
import { LogSegment } from './log-segment.ts'

/** @see recoverLogs */
export interface RecoverLogsOptions {
  readonly fileSystem: FileSystem
  readonly directory: string
  /** Numbers of the logs to replay, ascending. */
  readonly numbers: readonly number[]
  /** The operation that the first log starts with, when the manifest knows it. */
  readonly nextSequence: number | undefined
  /** Bytes that the last memtable shall be able to hold. */
  readonly capacity: number
}

/** @see recoverLogs */
export interface RecoveredLogs {
  /** Oldest first. The last one can be appended to. */
  readonly segments: LogSegment[]
  readonly syncedSequence: number
  /** Bytes that were given up: what a crash or power cut left unfinished. */
  readonly droppedBytes: number
}

/**
 * Replays logs in order. Where they stop making sense, two cases are told apart by what the frames
 * behind say of it: data that was durable is damaged (`STORE_CORRUPT`), or data that never was is
 * missing, as after a power cut: then the history ends there, and what follows is dropped.
 */
export function recoverLogs(options: RecoverLogsOptions): RecoveredLogs {
  const { numbers } = options
  const segments: LogSegment[] = []
  let next = options.nextSequence
  let syncedSequence = 0
  for (const [i, number] of numbers.entries()) {
    const isLast = i === numbers.length - 1
    const { segment, damage, claimed } = recoverLog(options, number, next, isLast)
    syncedSequence = Math.max(syncedSequence, claimed)
    if (segment !== undefined) {
      segments.push(segment)
      next = segment.memtable.lastSequence + 1
    }
    if (damage === undefined) continue
    const rest = numbers.slice(i + 1)
    const durable = Math.max(damage.claimedSequence, syncedSequence, claimsOf(options, rest))
    if (durable >= (next ?? 1)) {
      segment?.file.close()
      throw corruption(pathOf(options, number), damage.offset, damage.reason)
    }
    const droppedBytes = dropBehind(options, number, segment, rest)
    return { segments, syncedSequence, droppedBytes }
  }
  return { segments, syncedSequence, droppedBytes: 0 }
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
  next: number | undefined,
  isLast: boolean,
): RecoveredLog {
  const path = pathOf(options, number)
  const file = options.fileSystem.open(path, 'write')
  try {
    const length = file.size()
    const capacity = Math.max(isLast ? options.capacity : 0, length + GROUP_HEADER_BYTES)
    const memtable = new Memtable(capacity, next ?? 1)
    readFully(file, memtable.arena, 0, length, 0)
    const replay = replayLog(path, memtable, length)
    const { firstSequence } = memtable
    if (replay.end > 0 && (next === undefined || firstSequence === next)) {
      const segment = new LogSegment(number, path, file, replay.salt, memtable)
      segment.written = replay.end
      return { segment, damage: replay.damage, claimed: replay.syncedSequence }
    }
    file.close()
    const reason = `starts with operation ${firstSequence}, expected ${next}`
    const gap = { offset: 0, reason, claimedSequence: replay.syncedSequence }
    const damage = replay.end > 0 ? gap : replay.damage
    return { segment: undefined, damage, claimed: 0 }
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
    dropped += readWholeFile(fileSystem, pathOf(options, later)).length
    fileSystem.remove(pathOf(options, later))
  }
  if (segment !== undefined) {
    dropped += segment.file.size() - segment.written
    segment.file.truncate(segment.written)
    segment.file.syncNow()
  }
  fileSystem.syncDirectory(directory)
  return dropped
}
