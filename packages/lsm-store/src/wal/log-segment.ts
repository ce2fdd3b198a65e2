import type { StoreFile } from '../fs/file-system.ts'
import type { Memtable } from '../memtable/memtable.ts'
import { MemtableOrder } from '../memtable/memtable-order.ts'
import type { Table } from '../sstable/table.ts'

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

  /**
   * Tables that its last record put into the store: newer than its memtable, one key range after
   * another. They are in no version before the memtable is flushed.
   */
  ingested: readonly Table[] = []

  /** Called when nobody needs the memtable any more. */
  onUnused: () => void = () => {}
  /** The store itself, and each iterator that reads it. */
  #users = 1

  constructor(number: number, path: string, file: StoreFile, salt: number, memtable: Memtable) {
    this.number = number
    this.path = path
    this.file = file
    this.salt = salt
    this.memtable = memtable
    this.order = new MemtableOrder(memtable)
    this.text = Buffer.from(memtable.arena.buffer)
  }

  /** Makes tables part of what is read. The log must end with the record that names them. */
  attach(tables: readonly Table[]): void {
    for (const table of tables) table.retain()
    this.ingested = tables
  }

  /** Lets go of the tables that came with the log. */
  detach(): void {
    for (const table of this.ingested) table.release()
    this.ingested = []
  }

  retain(): void {
    this.#users += 1
  }

  release(): void {
    this.#users -= 1
    if (this.#users > 0) return
    this.detach()
    this.onUnused()
  }
}
