import type { Lane } from './lane.ts'

/**
 * Lanes whose head cannot start yet: it was due, and is not any more since the wall clock was stepped
 * back; or it was set aside on disk, while due tasks before it may still be unread.
 */
export class SleepingLanes {
  readonly #until = new Map<Lane, number>()
  readonly #behind = new Set<Lane>()

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

  addBehind(lane: Lane): void {
    this.#behind.add(lane)
  }

  /** Those that wait for the reading of tasks before them, to be looked at again. */
  takeBehind(): Lane[] {
    const lanes = [...this.#behind]
    this.#behind.clear()
    return lanes
  }

  clear(): void {
    this.#behind.clear()
    this.#until.clear()
  }
}
