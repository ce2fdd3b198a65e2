import type { TableState } from '../ledger/table-state.ts'
import type { PullReply, Push, WireChange } from '../protocol/messages.ts'
import type { Selection } from '../selection/selection.ts'
import type { ChangeQueue } from './change-queue.ts'
import { queuedChange } from './incoming.ts'

/** Pushes kept while what comes before them is being pulled. */
const HELD_MAX = 256

/** Puts what is pushed and what is pulled into one unbroken line. */
export class Intake {
  readonly #table: TableState
  readonly #selection: Selection
  readonly queue: ChangeQueue
  /** All changes up to here have been received. */
  received: number
  /** The newest that the publisher is known to have. */
  head: number
  rows = 0
  bytes = 0
  #held: Push[] = []

  constructor(table: TableState, selection: Selection, queue: ChangeQueue, received: number) {
    this.#table = table
    this.#selection = selection
    this.queue = queue
    this.received = received
    this.head = received
  }

  /** False when something is missing before the push, which is then kept. */
  push(push: Push): boolean {
    this.head = Math.max(this.head, push.at.sequence)
    if (push.at.sequence <= this.received) return true
    if (push.previous <= this.received) {
      this.#take(push.changes, push.at.sequence)
      return true
    }
    this.#held.push(push)
    if (this.#held.length > HELD_MAX) this.#held.shift()
    return false
  }

  /** True when more has to be pulled. */
  page(page: PullReply): boolean {
    this.head = Math.max(this.head, page.at.sequence)
    this.#take(page.changes, page.through)
    const held = this.#held
    this.#held = []
    for (const push of held) this.push(push)
    return page.more || this.#held.length > 0
  }

  #take(changes: readonly WireChange[], through: number): void {
    // all are checked before any is believed
    const fresh = changes
      .filter((change) => change.sequence > this.received)
      .map((change) => queuedChange(this.#table, this.#selection, change))
    for (const change of fresh) {
      this.queue.push(change)
      this.rows += change.rows.length
      this.bytes += change.bytes
    }
    this.received = Math.max(this.received, through)
  }
}
