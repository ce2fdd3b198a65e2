import type { Logger } from '@ashlar/codec'
import { ioError, StoreError } from '../errors.ts'
import type { StoreEvents } from '../events.ts'

/**
 * Where a store is in its life. `full`: there is no space, writes fail until there is. `poisoned`: a
 * write or sync failed for good. Reads go on in both.
 */
export type StoreState = 'opening' | 'open' | 'full' | 'closing' | 'closed' | 'poisoned'

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
  /** Why writes fail for the time being. */
  full: StoreError | undefined
  /** Looks whether there is space again. */
  hasReturned: () => boolean = () => false
  /** Called when space has run out. */
  onFull: () => void = () => {}
  /** Called once, when writes end. */
  onPoisoned: (failure: StoreError) => void = () => {}
  readonly #path: string
  readonly #readOnly: boolean
  readonly #events: EventSink

  constructor(path: string, readOnly: boolean, events: EventSink) {
    this.#path = path
    this.#readOnly = readOnly
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
    if (this.state === 'open' || this.state === 'full') this.state = 'poisoned'
    this.onPoisoned(this.failure)
    this.#events.error(error, true)
    return error
  }

  /** There is no space. Returns the coded error for those who wait. Not for failed syncs. */
  noSpace(cause: unknown, action: string, path: string): StoreError {
    const error = ioError(cause, action, path)
    if (this.state === 'open') {
      this.state = 'full'
      this.onFull()
      this.#events.error(error, false)
    }
    if (this.state === 'full') this.full = error
    return error
  }

  /** There is space again. */
  spaceReturned(): void {
    this.full = undefined
    if (this.state === 'full') this.state = 'open'
  }

  /** Ends writing, for now when it is space that is missing, otherwise for good. */
  fail(cause: unknown, action: string, path: string): StoreError {
    const full = isNoSpace(cause) && this.failure === undefined
    return full ? this.noSpace(cause, action, path) : this.poison(cause, action, path)
  }

  checkReadable(): void {
    if (this.state === 'open' || this.state === 'full' || this.state === 'poisoned') return
    throw closed(this.#path)
  }

  /** For new writes. */
  checkWritable(): void {
    this.checkUsable()
    if (this.full !== undefined && !this.hasReturned()) throw this.full
  }

  /** For what reads the store and writes elsewhere. */
  checkOwner(): void {
    if (this.#readOnly) throw readOnly(this.#path)
  }

  /** Passes when the disk is full: what stands in the log can be made durable all the same. */
  checkUsable(): void {
    if (this.state === 'open' || this.state === 'full') {
      this.checkOwner()
      return
    }
    throw this.state === 'poisoned' && this.failure !== undefined
      ? this.failure
      : closed(this.#path)
  }
}

/** True when it failed for want of space. A failed sync is not among them: it must say so itself. */
export function isNoSpace(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown }
  return code === 'ENOSPC' || code === 'EDQUOT' || code === 'STORE_FULL'
}

/** What is said to those who use a store that was closed. */
export function closed(path: string): StoreError {
  return new StoreError('STORE_CLOSED', `${path} is closed: open it again.`, { path })
}

function readOnly(path: string): StoreError {
  return new StoreError(
    'STORE_READ_ONLY',
    `${path} was opened with readOnly: write where the store is open without it.`,
    { path },
  )
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
