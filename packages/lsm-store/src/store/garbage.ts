import { ioError } from '../errors.ts'
import type { FileSystem } from '../fs/file-system.ts'
import type { EventSink } from './health.ts'

/** Removes files that nobody needs, off the main path: freeing a large file takes milliseconds. */
export class Garbage {
  readonly #fileSystem: FileSystem
  readonly #events: EventSink
  readonly #pending: Set<Promise<void>> = new Set()

  constructor(fileSystem: FileSystem, events: EventSink) {
    this.#fileSystem = fileSystem
    this.#events = events
  }

  /** Starts removing. A failure is reported; what is left goes when the store is opened again. */
  remove(path: string): void {
    const done = this.#remove(path)
    this.#pending.add(done)
    void done.finally(() => this.#pending.delete(done))
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
