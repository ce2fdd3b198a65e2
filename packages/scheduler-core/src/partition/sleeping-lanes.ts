import type { Lane } from './lane.ts'

/** Lanes whose head was due, and is not any more since the wall clock was stepped back. */
export class SleepingLanes {
  readonly #until = new Map<Lane, number>()

  /** When the first of them is to be looked at again. */
  get next(): number {
    let next = Number.POSITIVE_INFINITY
    for (const until of this.#until.values()) next = Math.min(next, until)
    return next
  }

  add(lane: Lane, until: number): void {
    this.#until.set(lane, until)
  }

  /** Those whose time has come. */
  wake(now: number): Lane[] {
    const woken = [...this.#until].filter(([, until]) => until <= now).map(([lane]) => lane)
    for (const lane of woken) this.#until.delete(lane)
    return woken
  }

  clear(): void {
    this.#until.clear()
  }
}
