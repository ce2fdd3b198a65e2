import type { Operation } from '@ashlar/lsm-store'
import type { Position } from '../ledger/life.ts'
import type { TableState } from '../ledger/table-state.ts'
import type { Selection } from '../selection/selection.ts'
import { ChangeQueue } from './change-queue.ts'
import { type Cursor, cursorOperation } from './cursor.ts'
import { Intake } from './intake.ts'

/** Sequences without data after which the cursor is written all the same. */
const CURSOR_SLACK = 1024

/** How far one link is: received, applied, durable. */
export class Progress {
  readonly #table: TableState
  readonly #publisher: string
  readonly queue: ChangeQueue = new ChangeQueue()
  intake: Intake
  /** The publisher's store and life; undefined while there is nothing to follow from. */
  at: Position | undefined
  /** The log is followed; undefined until the store has been asked. */
  following: boolean | undefined
  /** Joined into the tables up to here. */
  applied = 0
  /** Written up to here as the store's sync mode says. */
  durable = 0
  /** Wall clock at which it last held all that the publisher was known to have. */
  caughtUpMs: number | undefined
  #selection: Selection
  #saved = 0
  #rows = 0
  #bytes = 0

  constructor(table: TableState, publisher: string, selection: Selection) {
    this.#table = table
    this.#publisher = publisher
    this.#selection = selection
    this.intake = new Intake(table, selection, this.queue, 0)
  }

  get rows(): number {
    return this.#rows + this.intake.rows
  }

  get bytes(): number {
    return this.#bytes + this.intake.bytes
  }

  get head(): number {
    return Math.max(this.intake.head, this.durable)
  }

  /** Durably reached; undefined when a snapshot is needed. */
  get position(): Position | undefined {
    return this.at && { ...this.at, sequence: this.durable }
  }

  /** Reached, if not yet durably: what shows whether the publisher has lost what is here. */
  get reached(): Position | undefined {
    return this.at && { ...this.at, sequence: this.applied }
  }

  /** Rows came in another way than through the intake. */
  count(rows: number, bytes: number): void {
    this.#rows += rows
    this.#bytes += bytes
  }

  /** Takes up what the store knows, unless a session before has gone further. */
  resume(selection: Selection, cursor: Cursor | undefined): void {
    const known = cursor !== undefined && !cursor.loading
    this.caughtUpMs ??= cursor?.savedMs
    if (this.following === true && known && selection.digest === this.#selection.digest) {
      this.#forgetReceived()
      return
    }
    this.reset(selection, known ? cursor.position : undefined)
  }

  /** Begins anew from a position, or from nothing. */
  reset(selection: Selection, position: Position | undefined): void {
    this.count(this.intake.rows, this.intake.bytes)
    this.queue.clear()
    this.#selection = selection
    const sequence = position?.sequence ?? 0
    this.intake = new Intake(this.#table, selection, this.queue, sequence)
    this.at = position
    this.following = position !== undefined
    this.applied = sequence
    this.durable = sequence
    this.#saved = sequence
  }

  /** What was received and not applied may be of a life of the publisher that is over: it comes anew. */
  #forgetReceived(): void {
    this.count(this.intake.rows, this.intake.bytes)
    this.queue.clear()
    this.intake = new Intake(this.#table, this.#selection, this.queue, this.applied)
  }

  /** The cursor as it is once so many changes of the queue are applied. */
  cursorAfter(count: number, nowMs: number): Operation {
    const all = count === this.queue.length
    const sequence = all ? this.intake.received : this.queue.at(count - 1)?.sequence
    return this.#cursor(sequence ?? this.applied, nowMs)
  }

  /** So many changes of the queue are applied, and the cursor after them was written with them. */
  settle(count: number): void {
    this.applied = this.queue.at(count - 1)?.sequence ?? this.applied
    this.queue.drop(count)
    if (this.queue.length === 0 && this.following === true) {
      this.applied = Math.max(this.applied, this.intake.received)
    }
    if (count > 0) this.#saved = this.applied
  }

  /** What is applied is durable. True when that is news. */
  confirm(nowMs: number): boolean {
    if (this.following !== true) return false
    const advanced = this.applied > this.durable
    this.durable = this.applied
    if (this.durable >= this.intake.head) this.caughtUpMs = nowMs
    return advanced
  }

  /** The write of the cursor, when it is `slack` or more behind; it then counts as written. */
  overdueCursor(nowMs: number, slack: number = CURSOR_SLACK): Operation | undefined {
    if (this.following !== true || this.durable - this.#saved < slack) return undefined
    this.#saved = this.durable
    return this.#cursor(this.durable, nowMs)
  }

  #cursor(sequence: number, savedMs: number): Operation {
    const { store, life } = this.at ?? { store: '', life: 0 }
    return cursorOperation(this.#table.name, this.#publisher, {
      position: { store, life, sequence },
      digest: this.#selection.digest,
      loading: false,
      after: undefined,
      recovering: false,
      savedMs,
    })
  }
}
