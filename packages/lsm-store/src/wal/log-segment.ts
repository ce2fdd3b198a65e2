import { crc32 } from 'node:zlib'
import type { Clock } from '@ashlar/codec'
import type { FileSystem, StoreFile } from '../fs/file-system.ts'
import { writeFully } from '../fs/file-system.ts'
import { Memtable } from '../memtable/memtable.ts'
import { MemtableOrder } from '../memtable/memtable-order.ts'
import { FILE_HEADER_BYTES, LOG_FORMAT_VERSION, logName, writeFileHeader } from './log-format.ts'

/** One log file and the memtable that is its image: a record stands at one offset in both. */
export class LogSegment {
  readonly number: number
  readonly path: string
  readonly file: StoreFile
  readonly salt: number
  readonly memtable: Memtable
  readonly order: MemtableOrder
  /** The arena as Node's Buffer, for writing strings. */
  readonly text: Buffer
  /** Bytes that are in the file. */
  written = 0
  /** Bytes of it that survive a power cut. */
  synced = 0

  constructor(number: number, path: string, file: StoreFile, salt: number, memtable: Memtable) {
    this.number = number
    this.path = path
    this.file = file
    this.salt = salt
    this.memtable = memtable
    this.order = new MemtableOrder(memtable)
    this.text = Buffer.from(memtable.arena.buffer)
  }
}

/** @see createSegment */
export interface CreateSegmentOptions {
  readonly fileSystem: FileSystem
  readonly clock: Clock
  readonly directory: string
  readonly number: number
  readonly firstSequence: number
  /** Bytes that the memtable can hold. */
  readonly capacity: number
}

/** Starts a log file whose name survives a power cut. */
export function createSegment(options: CreateSegmentOptions): LogSegment {
  const { fileSystem, directory, number, firstSequence } = options
  const path = `${directory}/${logName(number)}`
  const salt = crc32(`${path} ${options.clock.now()} ${options.clock.monotonic()}`)
  const memtable = new Memtable(options.capacity, firstSequence)
  writeFileHeader(memtable.arena, { version: LOG_FORMAT_VERSION, number, firstSequence, salt })
  memtable.used = FILE_HEADER_BYTES
  const file = fileSystem.open(path, 'create')
  writeFully(file, memtable.arena, 0, FILE_HEADER_BYTES, 0)
  // Frames follow a durable header or none at all: recovery relies on it.
  file.syncNow()
  fileSystem.syncDirectory(directory)
  const segment = new LogSegment(number, path, file, salt, memtable)
  segment.written = FILE_HEADER_BYTES
  return segment
}
