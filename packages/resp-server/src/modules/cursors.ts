import type { Clock, Timer } from '@ashlar/codec'

export interface CursorOptions {
  /** Cursors open at one time; one more closes the one unused for longest. Default 1000. */
  readonly max?: number
  /** Unused for so long, a cursor is closed. Default 300 000. */
  readonly maxIdleMs?: number
}

interface OpenCursor<T> {
  readonly id: number
  readonly value: T
  timer: Timer
}

/** Results that clients read piece by piece, by a number that they are given. */
export class CursorTable<T> {
  readonly #clock: Clock
  readonly #nextId: () => number
  readonly #max: number
  readonly #maxIdleMs: number
  /** In the order of their last use. */
  readonly #open = new Map<number, OpenCursor<T>>()

  /** @internal use `host.createCursors` */
  constructor(clock: Clock, nextId: () => number, options: CursorOptions = {}) {
    this.#clock = clock
    this.#nextId = nextId
    this.#max = options.max ?? 1000
    this.#maxIdleMs = options.maxIdleMs ?? 300_000
  }

  get size(): number {
    return this.#open.size
  }

  open(value: T): number {
    const [oldest] = this.#open.keys()
    if (this.#open.size >= this.#max && oldest !== undefined) this.close(oldest)
    let id = this.#nextId()
    while (this.#open.has(id)) id = this.#nextId()
    this.#open.set(id, { id, value, timer: this.#closeLater(id) })
    return id
  }

  /** undefined when there is none of this number any more. Counts as a use. */
  get(id: number): T | undefined {
    const cursor = this.#open.get(id)
    if (cursor === undefined) return undefined
    cursor.timer.cancel()
    cursor.timer = this.#closeLater(id)
    this.#open.delete(id)
    this.#open.set(id, cursor)
    return cursor.value
  }

  close(id: number): boolean {
    this.#open.get(id)?.timer.cancel()
    return this.#open.delete(id)
  }

  clear(): void {
    for (const id of [...this.#open.keys()]) this.close(id)
  }

  #closeLater(id: number): Timer {
    return this.#clock.setTimer(() => this.close(id), this.#maxIdleMs)
  }
}
