import { FRAME_HEADER_BYTES, frameEnd } from '../bytes/frame.ts'
import { readUint32 } from '../bytes/integers.ts'
import { runJob } from '../compaction/run-job.ts'
import type { FileSystem } from '../fs/file-system.ts'
import { readWholeFile } from '../fs/file-system.ts'
import { Memtable } from '../memtable/memtable.ts'
import type { RangeDelete } from '../range-delete/range-delete.ts'
import { PARTITION_BYTES } from '../sstable/table-builder.ts'
import type { TableMeta } from '../sstable/table-meta.ts'
import {
  FILE_HEADER_BYTES,
  GROUP_HEADER_BYTES,
  isGroup,
  logName,
  readFileHeader,
  readGroupHeader,
} from '../wal/log-format.ts'
import { indexGroup } from '../wal/log-replay.ts'

/** How much checksumming the search for sound frames may cost, in lengths of the file. */
const SEARCH_EFFORT = 64

/** What was read of one log. */
export interface RescuedLog {
  readonly tables: readonly TableMeta[]
  /** Tables that its records name. */
  readonly ingested: readonly TableMeta[]
  readonly ranges: readonly RangeDelete[]
  readonly operations: number
  /** Bytes that belong to no sound frame. */
  readonly lostBytes: number
  readonly lastSequence: number
}

/** @see rescueLog */
export interface RescueLogOptions {
  readonly fileSystem: FileSystem
  readonly directory: string
  readonly blockBytes: number
  readonly takeNumber: () => number
  /** Operations up to this one are in tables. */
  readonly after: number
}

/** Writes every operation of sound frames to tables of level 0, also of those behind damage. */
export function rescueLog(options: RescueLogOptions, number: number): RescuedLog {
  const { fileSystem, directory } = options
  const path = `${directory}/${logName(number)}`
  const bytes = readWholeFile(fileSystem, path)
  const rescue = new LogRescue(options)
  const salt = readFileHeader(bytes, frameEnd(bytes, 0, bytes.length))?.salt
  let effort = bytes.length * SEARCH_EFFORT
  let at = salt === undefined ? 0 : FILE_HEADER_BYTES
  while (at + FRAME_HEADER_BYTES <= bytes.length) {
    let end = -1
    if (effort > 0 && isGroup(bytes[at + 8])) {
      effort -= Math.min(readUint32(bytes, at), bytes.length - at)
      end = frameEnd(bytes, at, bytes.length)
    }
    const whole = end - at >= GROUP_HEADER_BYTES
    const group = whole ? readGroupHeader(bytes, at) : undefined
    const ours = group !== undefined && (salt === undefined || group.salt === salt)
    if (ours && rescue.take(path, bytes, at, end, group.firstSequence)) at = end
    else {
      rescue.lostBytes += 1
      at += 1
    }
  }
  rescue.lostBytes += bytes.length - at
  return rescue.finish()
}

/** Collects frames that go on without a gap into one memtable, and that into one table. */
class LogRescue {
  lostBytes = 0
  readonly #options: RescueLogOptions
  readonly #tables: TableMeta[] = []
  readonly #ingested: TableMeta[] = []
  readonly #ranges: RangeDelete[] = []
  #memtable: Memtable | undefined
  #operations = 0
  #lastSequence: number

  constructor(options: RescueLogOptions) {
    this.#options = options
    this.#lastSequence = options.after
  }

  /** Takes the frame `bytes[at..end)`; false when its content is not sound. */
  take(path: string, bytes: Uint8Array, at: number, end: number, firstSequence: number): boolean {
    if (this.#memtable === undefined || this.#memtable.lastSequence + 1 !== firstSequence) {
      this.#flush()
      // In a table already, or repeated.
      if (firstSequence <= this.#lastSequence) return true
      this.#memtable = new Memtable(bytes, firstSequence)
    }
    this.#memtable.used = end
    try {
      indexGroup(path, this.#memtable, at, end)
      return true
    } catch {
      // The checksum was right and the content is not: what came before it in the frame counts.
      return false
    }
  }

  #flush(): void {
    const memtable = this.#memtable
    this.#memtable = undefined
    if (memtable === undefined || memtable.count === 0) return
    const { tables, ranges } = flushNow(this.#options, memtable)
    this.#tables.push(...tables)
    this.#ingested.push(...memtable.ingests.flatMap((ingest) => ingest.tables))
    this.#ranges.push(...ranges)
    this.#operations += memtable.count
    this.#lastSequence = memtable.lastSequence
  }

  finish(): RescuedLog {
    this.#flush()
    return {
      tables: this.#tables,
      ingested: this.#ingested,
      ranges: this.#ranges,
      operations: this.#operations,
      lostBytes: this.lostBytes,
      lastSequence: this.#lastSequence,
    }
  }
}

function flushNow(
  options: RescueLogOptions,
  memtable: Memtable,
): { readonly tables: readonly TableMeta[]; readonly ranges: readonly RangeDelete[] } {
  const { fileSystem, directory, blockBytes, takeNumber } = options
  const { image } = memtable
  const number = takeNumber()
  const steps = runJob(
    {
      kind: 'flush',
      directory,
      image,
      number,
      numbers: 1,
      blockBytes,
      partitionBytes: PARTITION_BYTES,
      compression: 'none',
      largeValueBytes: 0,
      spaces: [],
      snapshots: [],
      operators: [],
      expireBefore: 0,
    },
    fileSystem,
  )
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}
