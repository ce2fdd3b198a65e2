import type { Logger } from '@ashlar/codec'
import { ioError, isStoreError, StoreError } from '../errors.ts'
import type { StoreEvents } from '../events.ts'

/** Where a store is in its life. `poisoned`: a write or sync failed; reads go on, writes fail. */
export type StoreState = 'opening' | 'open' | 'closing' | 'closed' | 'poisoned'

/** Tells listeners facts. What they throw goes to the log. */
export class EventSink {
  readonly #events: StoreEvents
  readonly #logger: Logger

  constructor(events: StoreEvents, logger: Logger) {
    this.#events = events
    this.#logger = logger
  }

  emit<Name extends keyof StoreEvents>(
    name: Name,
    info: Parameters<NonNullable<StoreEvents[Name]>>[0],
  ): void {
    try {
      const listener = this.#events[name] as ((info: unknown) => void) | undefined
      listener?.(info)
    } catch (error) {
      this.#logger.error(`${name} listener threw`, { error })
    }
  }

  /** An error that nobody waits for. */
  error(error: Error, poisoned: boolean): void {
    this.#logger.error(error.message, { error, poisoned })
    this.emit('onError', { error, poisoned })
  }
}

/** The state of a store and, once poisoned, the cause. */
export class Health {
  state: StoreState = 'opening'
  failure: StoreError | undefined
  /** Called once, when writes end. */
  onPoisoned: (failure: StoreError) => void = () => {}
  readonly #path: string
  readonly #events: EventSink

  constructor(path: string, events: EventSink) {
    this.#path = path
    this.#events = events
  }

  /** Ends writing. Returns the coded error of this failure, for those who wait for it. */
  poison(cause: unknown, action: string, path: string): StoreError {
    const error = ioError(cause, action, path)
    if (this.failure !== undefined) return error
    this.failure = new StoreError(
      'STORE_POISONED',
      `${this.#path} takes no more writes because this failed: ${error.message} ` +
        'Reads go on; reopen the store to write again.',
      { cause: error, path },
    )
    if (this.state === 'open') this.state = 'poisoned'
    this.onPoisoned(this.failure)
    this.#events.error(error, true)
    return error
  }

  checkReadable(): void {
    if (this.state === 'open' || this.state === 'poisoned') return
    throw closed(this.#path)
  }

  checkWritable(): void {
    if (this.state === 'open') return
    throw this.state === 'poisoned' && this.failure !== undefined
      ? this.failure
      : closed(this.#path)
  }
}

function closed(path: string): StoreError {
  return new StoreError('STORE_CLOSED', `${path} is closed: open it again.`, { path })
}

/** What a read threw, coded when it came from the file system. */
export function readError(error: unknown, path: string): unknown {
  if (isStoreError(error)) return error
  const { code } = (error ?? {}) as { code?: unknown }
  return typeof code === 'string' ? ioError(error, 'read', path) : error
}

/** The answer to a writer that waits for no promise while nothing can be flushed. */
export function tooBusy(path: string, bytes: number): StoreError {
  return new StoreError(
    'STORE_BUSY',
    `${path} has ${bytes} bytes waiting to be flushed: wait for the promises of earlier writes ` +
      'before making more.',
    { path },
  )
}

/** The answer to one range delete too many. */
export function tooManyRanges(path: string, most: number): StoreError {
  return new StoreError(
    'STORE_BUSY',
    `${path} has ${most} deleted ranges that compaction has not worked off: close old snapshots, ` +
      'or compact().',
    { path },
  )
}
