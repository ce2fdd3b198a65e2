/**
 * The right to run something, shared by the schedulers of one process. Who finds none free is called
 * when one is, in turn; who was called and does not need it passes it on.
 */
export class Permits {
  #free: number
  readonly #hungry = new Set<() => void>()

  constructor(count: number) {
    this.#free = count
  }

  get free(): number {
    return this.#free
  }

  take(): void {
    if (this.#free === 0) throw new RangeError('a permit was taken where none was free')
    this.#free -= 1
  }

  release(): void {
    this.#free += 1
    this.pass()
  }

  /** Calls back once. Must not throw. */
  await(wake: () => void): void {
    this.#hungry.add(wake)
    this.pass()
  }

  /** Wakes the first in the queue, when there is something to have. */
  pass(): void {
    if (this.#free === 0) return
    const [first] = this.#hungry
    if (first === undefined) return
    this.#hungry.delete(first)
    first()
  }

  /** Whoever waited with this is gone. */
  forget(wake: () => void): void {
    this.#hungry.delete(wake)
    this.pass()
  }
}
