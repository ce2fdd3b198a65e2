import type { Batch } from '@ashlar/lsm-store'
import type { Layout } from './layout.ts'
import type { Ledger } from './ledger.ts'
import { encodeCounts, type Queue } from './queue.ts'

/** A group is written at the latest when it holds this many operations. */
const MAX_GROUP_OPERATIONS = 20_000
/** Groups written in one turn of the event loop before sockets and timers get theirs. */
const MAX_GROUPS_PER_TURN = 16

/** What is written, and acknowledged, together. */
class Group {
  readonly batch: Batch
  readonly changed = new Set<Queue>()
  readonly callbacks: (() => void)[] = []
  #ack: PromiseWithResolvers<void> | undefined

  constructor(batch: Batch) {
    this.batch = batch
  }

  get acknowledged(): Promise<void> {
    this.#ack ??= Promise.withResolvers<void>()
    return this.#ack.promise
  }

  succeed(): void {
    for (const callback of this.callbacks) callback()
    this.#ack?.resolve()
  }

  fail(error: unknown): void {
    this.#ack?.reject(error)
  }
}

export interface JournalOptions {
  readonly ledger: Ledger
  readonly layout: Layout
  /** The store refused a group: nothing can be recorded any more. Called once. */
  readonly onFailure: (error: unknown) => void
  /** A group is acknowledged or refused, and its callbacks have run. */
  readonly onSettled: () => void
}

/**
 * Group commit: whatever changes in one turn of the event loop is one atomic batch of the store,
 * and while a batch is being written the next one gathers. Groups are acknowledged in order.
 */
export class Journal {
  readonly #options: JournalOptions
  #open: Group | undefined
  #inFlight = 0
  #failed = false
  #atomic = false
  #generation = 0
  #scheduled = false
  #groupsThisTurn = 0
  /** The last group that was handed over. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(options: JournalOptions) {
    this.#options = options
  }

  /**
   * Begins one atomic change: the batch that gathers now. What is put into it, touched and awaited
   * before the next `begin` or `await` is stored together.
   */
  begin(): Batch {
    const full = this.#open !== undefined && this.#open.batch.size >= MAX_GROUP_OPERATIONS
    if (full && !this.#atomic) this.#write()
    return this.#group().batch
  }

  /** One atomic change of any size. */
  atomically(work: (batch: Batch) => void): void {
    const batch = this.begin()
    this.#atomic = true
    try {
      work(batch)
    } finally {
      this.#atomic = false
    }
  }

  /** Grows whenever what has gathered becomes visible to reads of the store. */
  get generation(): number {
    return this.#generation
  }

  /** Whether nothing gathers and nothing is being written. */
  get idle(): boolean {
    return this.#open === undefined && this.#inFlight === 0
  }

  /** The queue's counts go along with the gathering batch. */
  touch(queue: Queue): void {
    this.#group().changed.add(queue)
  }

  /** Calls back when the gathering batch is stored; never when it fails. Must not throw. */
  onAcknowledged(callback: () => void): void {
    this.#group().callbacks.push(callback)
  }

  /** Resolves when the gathering batch is stored as the sync mode says. */
  acknowledged(): Promise<void> {
    return this.#group().acknowledged
  }

  /** Hands over what has gathered, so that reads of the store see it from here on. */
  barrier(): void {
    if (this.#open !== undefined) this.#write()
  }

  /**
   * Makes a batch of somebody else's the gathering one, in its place in the order. Complete it as
   * after `begin`, then call `barrier`.
   */
  adopt(batch: Batch): void {
    this.barrier()
    this.#open = new Group(batch)
  }

  #group(): Group {
    if (this.#open !== undefined) return this.#open
    const group = new Group(this.#options.ledger.batch())
    this.#open = group
    if (this.#inFlight === 0) this.#schedule()
    return group
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    const flush = (): void => {
      this.#scheduled = false
      if (this.#inFlight === 0) this.barrier()
    }
    if (this.#groupsThisTurn < MAX_GROUPS_PER_TURN) queueMicrotask(flush)
    else setImmediate(flush)
  }

  #write(): void {
    const group = this.#open
    if (group === undefined) return
    if (this.#atomic) throw new RangeError('an atomic change of the journal was cut in two')
    this.#open = undefined
    this.#generation += 1
    const { ledger, layout } = this.#options
    for (const queue of group.changed) {
      group.batch.put(layout.perQueue('counters', queue.number), encodeCounts(queue.counts))
    }
    this.#inFlight += 1
    if (this.#groupsThisTurn++ === 0) setImmediate(() => this.#newTurn())
    // The store acknowledges an empty batch at once, but what came before may be on its way still.
    if (group.batch.size > 0) this.#last = ledger.write(group.batch)
    this.#last.then(
      () => this.#settle(group, undefined),
      (error: unknown) => this.#settle(group, { error }),
    )
  }

  #newTurn(): void {
    this.#groupsThisTurn = 0
  }

  #settle(group: Group, failure: { readonly error: unknown } | undefined): void {
    this.#inFlight -= 1
    if (failure === undefined) group.succeed()
    else {
      group.fail(failure.error)
      if (!this.#failed) this.#options.onFailure(failure.error)
      this.#failed = true
    }
    this.#options.onSettled()
    if (this.#inFlight > 0) return
    if (this.#open !== undefined) this.#schedule()
  }
}
