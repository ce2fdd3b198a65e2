import type { Batch, Store } from '@ashlar/lsm-store'
import { TransportError } from '../errors.ts'

/** A batch of this size is written without waiting for more. */
const MAX_BATCH_BYTES: number = 256 * 1024

/**
 * Collects changes into atomic batches of the store: those of one turn of the event loop, or those
 * that come while the batch before is being written. Reads go through `store`, which writes what is
 * collected first, so they see every change at once.
 */
export class StoreWriter {
  readonly #store: Store
  readonly #beforeFlush = new Set<() => void>()
  #batch: Batch
  /** One that is written and empty again, grown to what a turn needs. */
  #spare: Batch | undefined
  /** The callbacks of onFlush() are adding to the batch that is about to be written. */
  #flushing = false
  #failure: Error | undefined
  /** The turn's batch, once it is durable; undefined when nothing is collected. */
  #turn: Promise<void> | undefined
  /** The batch written last. */
  #last: Promise<void> = Promise.resolve()
  #settled = true

  constructor(store: Store) {
    this.#store = store
    this.#batch = store.batch()
  }

  /**
   * The store, with everything written to it that was collected. For the callbacks of onFlush() it is
   * as it was before them.
   */
  get store(): Store {
    if (!this.#flushing) this.flush()
    return this.#store
  }

  put(key: Uint8Array, value: Uint8Array): void {
    this.#batch.put(key, value)
    this.#schedule()
  }

  delete(key: Uint8Array): void {
    this.#batch.delete(key)
    this.#schedule()
  }

  /** Called once before the next batch is written, to add what changes with each operation. */
  onFlush(callback: () => void): void {
    this.#beforeFlush.add(callback)
    this.#schedule()
  }

  /** Hands what is collected to the store, which shows it from now on. */
  flush(): void {
    const refused = this.#prepare()
    if (this.#batch.size === 0 && refused === undefined) return
    const batch = this.#batch
    this.#batch = this.#spare ?? this.#store.batch()
    this.#spare = undefined
    this.#settled = false
    // The store throws what it can tell at once, such as an earlier failure of its own.
    const writing = new Promise<number>((resolve) => {
      if (refused !== undefined) throw refused
      resolve(this.#store.write(batch))
    })
    const written: Promise<void> = writing.then(
      () => {
        if (this.#last === written) this.#settled = true
        // The store has its bytes in a log of its own: the memory can hold the next ones.
        this.#spare = batch.clear()
      },
      (error: unknown) => {
        this.#failure ??= asError(error)
        throw unknownOutcome(error)
      },
    )
    // Who waits hears of a failure through commit(), everybody later through assertUsable().
    written.catch(() => undefined)
    this.#last = written
  }

  /**
   * Resolves when everything collected so far is as durable as the store's sync mode makes it: the
   * store's log is sequential, so what is written last is durable last. Undefined when it is.
   * Called between operations: only there may a batch end, because half of one must never be kept.
   */
  commit(): Promise<void> | undefined {
    if (this.#batch.byteLength >= MAX_BATCH_BYTES) this.flush()
    return this.#turn ?? (this.#settled ? undefined : this.#last)
  }

  assertUsable(): void {
    if (this.#failure === undefined) return
    throw new TransportError(
      'STORAGE_FAILED',
      'the store failed earlier and takes no more changes; open it anew',
      { cause: this.#failure },
    )
  }

  /** Completes the batch. Returns why it may not be written, none of it. */
  #prepare(): Error | undefined {
    // What came before is missing: what builds upon it must be, too.
    if (this.#failure !== undefined) return this.#failure
    this.#flushing = true
    try {
      for (const callback of this.#beforeFlush) callback()
      return undefined
    } catch (error) {
      return asError(error)
    } finally {
      this.#beforeFlush.clear()
      this.#flushing = false
    }
  }

  #schedule(): void {
    if (this.#flushing || this.#turn !== undefined) return
    // While a batch is being written the next one grows, which costs no time and saves batches.
    const start = this.#settled ? Promise.resolve() : this.#last.catch(() => undefined)
    const turn: Promise<void> = start.then(() => {
      this.#turn = undefined
      this.flush()
      return this.#last
    })
    turn.catch(() => undefined)
    this.#turn = turn
  }
}

function unknownOutcome(cause: unknown): TransportError {
  return new TransportError(
    'UNKNOWN_OUTCOME',
    'the store failed while it wrote this: it may be there after reopening',
    { cause },
  )
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}
