import type { FileSystem } from '../fs/file-system.ts'
import { logName } from '../wal/log-format.ts'
import { readLog } from './read-log.ts'

/** What logs tell of ingests, without a manifest. */
export interface NamedIngests {
  /** From this sequence on the logs hold everything; infinite when they hold nothing for certain. */
  readonly since: number
  /** Numbers of the tables that they name. */
  readonly tables: ReadonlySet<number>
}

const NOTHING: NamedIngests = { since: Number.POSITIVE_INFINITY, tables: new Set() }

/** Reads logs for the tables that they name. A log that is not whole may have named others. */
export function namedIngests(
  fileSystem: FileSystem,
  directory: string,
  logs: readonly number[],
): NamedIngests {
  const tables = new Set<number>()
  let since = Number.POSITIVE_INFINITY
  let next: number | undefined
  for (const number of logs) {
    try {
      const { memtable, replay } = readLog(fileSystem, `${directory}/${logName(number)}`)
      if (replay.damage !== undefined) return NOTHING
      if (memtable.count === 0) continue
      if (next !== undefined && memtable.firstSequence !== next) return NOTHING
      since = Math.min(since, memtable.firstSequence)
      next = memtable.lastSequence + 1
      for (const ingest of memtable.ingests)
        for (const meta of ingest.tables) tables.add(meta.number)
    } catch {
      // Whoever rescues the logs reports it.
      return NOTHING
    }
  }
  return { since, tables }
}

/**
 * True for an ingested table that a crash cut off: a log would name it, had its ingest come to an end.
 * `after` is the last sequence that was written when the ingest began.
 */
export function isCutOff({ since, tables }: NamedIngests, number: number, after: number): boolean {
  return since <= after + 1 && !tables.has(number)
}
