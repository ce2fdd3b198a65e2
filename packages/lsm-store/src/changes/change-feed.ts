import { type Bytes, checkBytes, toBytes } from '../bytes/text.ts'
import { StoreError } from '../errors.ts'
import type { FileSystem } from '../fs/file-system.ts'
import type { TurnBudget } from '../iterator/turns.ts'
import type { Keyspaces } from '../keyspace/keyspaces.ts'
import type { Space } from '../keyspace/space.ts'
import type { LogCatalog } from '../wal/log-catalog.ts'
import { type Change, type ChangeFilter, ChangeReader } from './change-reader.ts'

/** What to replay, and whether to go on waiting. */
export interface ChangesOptions {
  /** Replay what came after this sequence. Default 0: everything. */
  readonly since?: number
  /** Only operations on keys that start so; batches without any are left out. */
  readonly prefix?: Bytes
  /** After the last change wait for more. Ends when the store closes. */
  readonly live?: boolean
  /** Ends a live feed by throwing the signal's reason. */
  readonly signal?: AbortSignal
}

/** @see Store.changes */
export interface StoreChangesOptions extends ChangesOptions {
  /** Show the changes of all keyspaces. Default: only of the store's own keys. */
  readonly keyspaces?: boolean
}

/** @see ChangeFeed */
export interface ChangeFeedOptions {
  readonly fileSystem: FileSystem
  readonly catalog: LogCatalog
  readonly turns: TurnBudget
  readonly lastSequence: () => number
  readonly keyspaces: Keyspaces
}

/** Hands out change iterators and wakes those that wait. */
export class ChangeFeed {
  readonly #options: ChangeFeedOptions
  readonly #waiting: Set<() => void> = new Set()
  #closed = false

  constructor(options: ChangeFeedOptions) {
    this.#options = options
  }

  /** Something was written. */
  wake(): void {
    if (this.#waiting.size === 0) return
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const resume of waiting) resume()
  }

  /** Ends all feeds. */
  close(): void {
    this.#closed = true
    this.wake()
  }

  /** Changes of one keyspace, or of all. */
  read(space: Space | undefined, options: ChangesOptions): AsyncIterableIterator<Change> {
    const since = options.since ?? 0
    if (!Number.isSafeInteger(since) || since < 0) {
      throw new RangeError(`since must be an integer of at least 0, got ${String(since)}`)
    }
    if (options.prefix !== undefined) checkBytes(options.prefix, 'prefix')
    // A copy that is no Buffer: slices of those share their memory.
    const prefix =
      options.prefix === undefined ? undefined : Uint8Array.from(toBytes(options.prefix))
    return this.#replay({ since, space, prefix }, options)
  }

  async *#replay(
    from: ChangeFilter,
    { live, signal }: ChangesOptions,
  ): AsyncGenerator<Change, undefined> {
    const { fileSystem, catalog, turns, lastSequence, keyspaces } = this.#options
    if (from.since > lastSequence()) throw fromTheFuture(from.since, lastSequence())
    const reader = new ChangeReader(fileSystem, catalog, keyspaces, from)
    try {
      while (!this.#closed) {
        signal?.throwIfAborted()
        const change = reader.next()
        if (change !== undefined) {
          const pause = turns.due()
          if (pause !== undefined) await pause
          yield change
        } else if (live) await this.#more(signal)
        else return undefined
      }
      return undefined
    } finally {
      reader.close()
    }
  }

  #more(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const resume = (): void => {
        this.#waiting.delete(resume)
        signal?.removeEventListener('abort', resume)
        resolve()
      }
      this.#waiting.add(resume)
      signal?.addEventListener('abort', resume)
    })
  }
}

function fromTheFuture(since: number, last: number): StoreError {
  return new StoreError(
    'CHANGES_TRUNCATED',
    `This store has written up to ${last}, not ${since}: the position is from another store, or ` +
      'from writes that a power cut took. Read a snapshot, then changes() from its sequence.',
  )
}
