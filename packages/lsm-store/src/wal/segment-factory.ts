import { crc32 } from 'node:zlib'
import type { Clock } from '@ashlar/codec'
import { type FileSystem, type StoreFile, writeFully } from '../fs/file-system.ts'
import { Memtable } from '../memtable/memtable.ts'
import { FILE_HEADER_BYTES, LOG_FORMAT_VERSION, logName, writeFileHeader } from './log-format.ts'
import { LogSegment } from './log-segment.ts'

/**
 * Emptied memtables kept for reuse: all that writers may fill before they are stopped, but for the one
 * they are in. Making their memory anew costs a page fault for each page, and what is let go is not free
 * before the collectors of two threads have come by.
 */
const IDLE_MEMTABLES = 3

/** @see SegmentFactory */
export interface SegmentFactoryOptions {
  readonly fileSystem: FileSystem
  readonly clock: Clock
  readonly directory: string
  readonly takeNumber: () => number
  /** Removes a file that nobody needs. */
  readonly discard: (path: string) => void
  /** Bytes that an ordinary memtable can hold. */
  readonly capacity: number
}

/** A log file with nothing but a header. */
interface EmptyLog {
  readonly number: number
  readonly path: string
  readonly salt: number
  readonly header: Uint8Array
  readonly file: StoreFile
}

/**
 * Makes log segments. The next log file is made and synced ahead of time, so that the write that
 * fills a memtable does not wait for the disk; and memory of flushed memtables is used again.
 */
export class SegmentFactory {
  readonly #options: SegmentFactoryOptions
  readonly #idle: Memtable[] = []
  #spare: EmptyLog | undefined
  #preparing: Promise<void> | undefined
  /** The file in preparation came too late. */
  #unwanted = false

  constructor(options: SegmentFactoryOptions) {
    this.#options = options
  }

  /** Starts making a log file for later, unless there is one. */
  prepare(): void {
    if (this.#spare !== undefined || this.#preparing !== undefined) return
    this.#preparing = this.#prepare().finally(() => {
      this.#preparing = undefined
      this.#unwanted = false
    })
  }

  async #prepare(): Promise<void> {
    const { fileSystem, directory } = this.#options
    let log: EmptyLog | undefined
    try {
      log = this.#createFile()
      await log.file.sync()
      await fileSystem.syncDirectory(directory)
      if (this.#unwanted) this.#discard(log)
      else this.#spare = log
    } catch {
      // Only an attempt: a disk that fails does so again when the log is needed, and is heard then.
      // What it left has no frames, so that a recovery passes over it.
      log?.file.close()
    }
  }

  /** A segment whose file survives a power cut. Holds at least `bytes` of records. */
  create(firstSequence: number, bytes: number): LogSegment {
    const { number, path, file, salt, header } = this.#takeSpare() ?? this.#createNow()
    const memtable = this.#takeMemtable(firstSequence, bytes)
    memtable.arena.set(header)
    memtable.used = header.length
    const segment = new LogSegment(number, path, file, salt, memtable)
    segment.written = header.length
    this.adopt(segment)
    return segment
  }

  /** Makes the segment's memory return here when nobody uses it. */
  adopt(segment: LogSegment): void {
    segment.onUnused = () => {
      const { memtable } = segment
      const ordinary = memtable.arena.length === this.#options.capacity
      if (ordinary && this.#idle.length < IDLE_MEMTABLES) this.#idle.push(memtable)
    }
  }

  #takeSpare(): EmptyLog | undefined {
    const spare = this.#spare
    this.#spare = undefined
    // Logs must be used in the order of their numbers.
    if (spare === undefined && this.#preparing !== undefined) this.#unwanted = true
    return spare
  }

  #takeMemtable(firstSequence: number, bytes: number): Memtable {
    const { capacity } = this.#options
    const needed = bytes + FILE_HEADER_BYTES
    const memtable = needed <= capacity ? this.#idle.pop() : undefined
    if (memtable === undefined) return new Memtable(Math.max(capacity, needed), firstSequence)
    memtable.reuse(firstSequence)
    return memtable
  }

  #createNow(): EmptyLog {
    const { fileSystem, directory } = this.#options
    const log = this.#createFile()
    try {
      // Frames follow a durable header or none at all: recovery relies on it.
      log.file.syncNow()
      fileSystem.syncDirectoryNow(directory)
      return log
    } catch (error) {
      this.#discard(log)
      throw error
    }
  }

  #createFile(): EmptyLog {
    const { fileSystem, directory, clock, takeNumber } = this.#options
    const number = takeNumber()
    const path = `${directory}/${logName(number)}`
    const salt = crc32(`${path} ${clock.now()} ${clock.monotonic()}`)
    const header = new Uint8Array(FILE_HEADER_BYTES)
    writeFileHeader(header, { version: LOG_FORMAT_VERSION, number, salt })
    const file = fileSystem.open(path, 'create')
    try {
      writeFully(file, header, 0, header.length, 0)
      return { number, path, salt, header, file }
    } catch (error) {
      file.close()
      this.#options.discard(path)
      throw error
    }
  }

  #discard({ file, path }: EmptyLog): void {
    file.close()
    this.#options.discard(path)
  }

  /** Discards the file kept for later. */
  async close(): Promise<void> {
    await this.#preparing
    const spare = this.#spare
    this.#spare = undefined
    if (spare !== undefined) this.#discard(spare)
  }
}
