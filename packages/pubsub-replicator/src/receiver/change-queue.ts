import type { RemoteRow } from '../ledger/ledger.ts'

/** A commit of the publisher, checked and ready to be joined. */
export interface QueuedChange {
  readonly sequence: number
  readonly rows: readonly RemoteRow[]
  /** Tables over which the commit went, when there are several. */
  readonly tables: readonly string[]
  readonly bytes: number
}

/** Changes received and not yet applied, in order. */
export class ChangeQueue {
  #changes: QueuedChange[] = []
  #start = 0
  bytes = 0

  get length(): number {
    return this.#changes.length - this.#start
  }

  at(index: number): QueuedChange | undefined {
    return this.#changes[this.#start + index]
  }

  push(change: QueuedChange): void {
    this.#changes.push(change)
    this.bytes += change.bytes
  }

  drop(count: number): void {
    for (let i = 0; i < count; i++) this.bytes -= this.at(i)?.bytes ?? 0
    this.#start += count
    if (this.#start > 1024 || this.#start === this.#changes.length) {
      this.#changes = this.#changes.slice(this.#start)
      this.#start = 0
    }
  }

  clear(): void {
    this.#changes = []
    this.#start = 0
    this.bytes = 0
  }
}
