import { ioError } from '../errors.ts'
import type { FileSystem } from '../fs/file-system.ts'
import { tableName } from '../sstable/table-format.ts'
import type { TableMeta } from '../sstable/table-meta.ts'
import { valueFileName } from '../value-files/value-file-format.ts'
import { ownValueBytes } from '../value-files/value-ref.ts'
import type { EventSink } from './health.ts'

/** Removes files that nobody needs, off the main path: freeing a large file takes milliseconds. */
export class Garbage {
  readonly #fileSystem: FileSystem
  readonly #events: EventSink
  readonly #pending: Set<Promise<void>> = new Set()
  /** Files that somebody may still link to or copy. */
  #held: string[] = []
  #holds = 0

  constructor(fileSystem: FileSystem, events: EventSink) {
    this.#fileSystem = fileSystem
    this.#events = events
  }

  /** Starts removing. A failure is reported; what is left goes when the store is opened again. */
  remove(path: string): void {
    if (this.#holds > 0) {
      this.#held.push(path)
      return
    }
    const done = this.#remove(path)
    this.#pending.add(done)
    void done.finally(() => this.#pending.delete(done))
  }

  /** Removes a table that is in no manifest, with the values that were written along. */
  removeTable(directory: string, meta: TableMeta): void {
    this.remove(`${directory}/${tableName(meta.number)}`)
    if (ownValueBytes([meta]) > 0) this.remove(`${directory}/${valueFileName(meta.number)}`)
  }

  /** Keeps every file that is there until the returned function is called. */
  hold(): () => void {
    this.#holds += 1
    let held = true
    return () => {
      if (!held) return
      held = false
      this.#holds -= 1
      if (this.#holds > 0) return
      const paths = this.#held
      this.#held = []
      for (const path of paths) this.remove(path)
    }
  }

  async #remove(path: string): Promise<void> {
    try {
      await this.#fileSystem.remove(path)
    } catch (error) {
      this.#events.error(ioError(error, 'remove', path), false)
    }
  }

  /** Resolves when all that was started has ended. */
  async settled(): Promise<void> {
    await Promise.all(this.#pending)
  }
}
