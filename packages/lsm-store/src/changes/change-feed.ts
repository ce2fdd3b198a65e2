import { type Bytes, checkBytes, toBytes } from '../bytes/text.ts'
import { StoreError } from '../errors.ts'
import type { FileSystem } from '../fs/file-system.ts'
import type { TurnBudget } from '../iterator/turns.ts'
import type { LogCatalog } from '../wal/log-catalog.ts'
import { type Change, ChangeReader } from './change-reader.ts'

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

/** @see ChangeFeed */
export interface ChangeFeedOptions {
  readonly fileSystem: FileSystem
  readonly catalog: LogCatalog
  readonly turns: TurnBudget
  readonly lastSequence: () => number
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

  read(options: ChangesOptions): AsyncIterableIterator<Change> {
    const since = options.since ?? 0
    if (!Number.isSafeInteger(since) || since < 0) {
      throw new RangeError(`since must be an integer of at least 0, got ${String(since)}`)
    }
    if (options.prefix !== undefined) checkBytes(options.prefix, 'prefix')
    const prefix = options.prefix === undefined ? undefined : toBytes(options.prefix).slice()
    return this.#replay(since, prefix, options)
  }

  async *#replay(
    since: number,
    prefix: Uint8Array | undefined,
    { live, signal }: ChangesOptions,
  ): AsyncGenerator<Change, undefined> {
    const { fileSystem, catalog, turns, lastSequence } = this.#options
    if (since > lastSequence()) throw fromTheFuture(since, lastSequence())
    const reader = new ChangeReader(fileSystem, catalog, since, prefix)
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
