import type { Clock } from '@ashlar/codec'
import { ReplicatorError } from '../errors.ts'
import type { Position } from '../ledger/life.ts'
import type { SelectionSpec } from '../selection/selection.ts'
import type { Link } from './link.ts'
import type { LinkStatus } from './link-status.ts'
import { Signal } from './signal.ts'

/** How long to wait, and when to give up. */
export interface CatchUpOptions {
  /** Default 30,000. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

/** What becomes of the rows. */
export interface UnsubscribeOptions {
  /** Also drops the rows that came by it and that this node has not written itself. Default false. */
  readonly purge?: boolean
}

/** What a subscription asks of its owner. */
export interface SubscriptionOwner {
  readonly clock: Clock
  links(): readonly Link[]
  change(spec: SelectionSpec): void
  end(options: UnsubscribeOptions): Promise<void>
}

const CATCH_UP_MS = 30_000
const ASK_AGAIN_MS = 50

/**
 * A table that this node receives. It goes on by itself, over restarts of either side too, until
 * it is unsubscribed or the replicator closes.
 */
export class ReplicaSubscription {
  readonly table: string
  /** The publisher; undefined for every node that publishes the table. */
  readonly from: string | undefined
  readonly #owner: SubscriptionOwner
  #ended = false

  /** @internal */
  constructor(table: string, from: string | undefined, owner: SubscriptionOwner) {
    this.table = table
    this.from = from
    this.#owner = owner
  }

  /** How it stands towards each publisher. */
  status(): readonly LinkStatus[] {
    return this.#owner.links().map((link) => link.status())
  }

  /**
   * Selects something else, live: rows that are not selected any more and had come by this
   * subscription go, newly selected ones come, rows in both stay readable all the time.
   *
   * Throws TypeError or RangeError for an invalid selection, `SUBSCRIPTION_CLOSED`.
   */
  change(selection: SelectionSpec): void {
    this.#assertOpen()
    this.#owner.change(selection)
  }

  /**
   * Resolves when everything that the publishers had committed at the time of the call, and that
   * is selected, can be read here. Waits for publishers that are away; for at least one when the
   * subscription names none.
   *
   * Rejects with `TIMEOUT`, `SUBSCRIPTION_CLOSED`, and the reason of an aborted signal.
   *
   * @example
   * ```ts
   * await subscription.catchUp({ timeoutMs: 5000 })
   * ```
   */
  async catchUp(options: CatchUpOptions = {}): Promise<void> {
    const { timeoutMs = CATCH_UP_MS, signal } = options
    const { clock } = this.#owner
    const stop = new AbortController()
    const abort = (): void => stop.abort(signal?.reason)
    const timer = clock.setTimer(() => stop.abort(this.#late(timeoutMs)), timeoutMs, {
      keepAlive: true,
    })
    signal?.addEventListener('abort', abort)
    try {
      signal?.throwIfAborted()
      const pause = new Signal(clock)
      while (this.#owner.links().length === 0) {
        this.#assertOpen()
        stop.signal.throwIfAborted()
        await pause.wait(ASK_AGAIN_MS)
      }
      await Promise.all(this.#owner.links().map((link) => this.#reach(link, stop.signal)))
    } finally {
      timer.cancel()
      signal?.removeEventListener('abort', abort)
    }
  }

  /**
   * Ends the subscription: the publishers forget this node and the cursors are removed, so that
   * subscribing again starts with a snapshot. The rows stay unless `purge` says otherwise.
   * Publishers that cannot be reached forget this node when it has been away long enough.
   */
  async unsubscribe(options: UnsubscribeOptions = {}): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    await this.#owner.end(options)
  }

  async #reach(link: Link, signal: AbortSignal): Promise<void> {
    let head = await this.#askHead(link, signal)
    for (;;) {
      this.#check(link, signal)
      const reached = link.reach(head)
      if (reached === true) return
      if (reached === undefined) head = await this.#askHead(link, signal)
      else await link.changed.wait(ASK_AGAIN_MS)
    }
  }

  async #askHead(link: Link, signal: AbortSignal): Promise<Position> {
    for (;;) {
      this.#check(link, signal)
      try {
        return await link.askHead(signal)
      } catch {
        // not there for now; the link itself reports what is wrong
        await link.changed.wait(ASK_AGAIN_MS)
      }
    }
  }

  #check(link: Link, signal: AbortSignal): void {
    signal.throwIfAborted()
    if (link.state === 'closed') throw closed(this.table)
    this.#assertOpen()
  }

  #late(timeoutMs: number): ReplicatorError {
    const states = this.status().map(({ publisher, state }) => `${publisher} ${state}`)
    const seen = states.length === 0 ? 'no publisher has answered' : states.join(', ')
    return new ReplicatorError(
      'TIMEOUT',
      `${this.table} has not caught up within ${timeoutMs} ms: ${seen}`,
      { table: this.table },
    )
  }

  #assertOpen(): void {
    if (this.#ended) throw closed(this.table)
  }
}

function closed(table: string): ReplicatorError {
  return new ReplicatorError('SUBSCRIPTION_CLOSED', `the subscription of ${table} has ended`, {
    table,
  })
}
