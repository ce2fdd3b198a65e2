import { MAX_PRIORITY } from '../task/task.ts'
import { Fifo } from './fifo.ts'
import { Turns } from './turns.ts'

/**
 * What can start: first in, first out within a priority, higher priorities first, but for the turns
 * that go to lower ones so that none starves.
 */
export class ReadyList<T> {
  readonly #levels: (Fifo<T> | undefined)[] = []
  readonly #turns = new Turns()
  #size = 0
  #top = -1
  /** The priority of what `shift` gave last. */
  level = 0

  get size(): number {
    return this.#size
  }

  /** The highest priority that has something; -1 when there is nothing. */
  get top(): number {
    return this.#top
  }

  push(item: T, priority: number): void {
    let level = this.#levels[priority]
    if (level === undefined) {
      level = new Fifo()
      while (this.#levels.length < MAX_PRIORITY + 1) this.#levels.push(undefined)
      this.#levels[priority] = level
    }
    level.push(item)
    this.#size += 1
    if (priority > this.#top) this.#top = priority
  }

  shift(): T | undefined {
    if (this.#size === 0) return undefined
    this.level = this.#choose()
    const item = this.#levels[this.level]?.shift()
    this.#size -= 1
    while (this.#top >= 0 && !this.#has(this.#top)) this.#top -= 1
    return item
  }

  clear(): void {
    this.#levels.length = 0
    this.#size = 0
    this.#top = -1
  }

  /** All of one priority is the plain case. */
  #choose(): number {
    if (this.#levels[this.#top]?.size === this.#size) return this.#top
    return this.#turns.next(this.#top, (level) => this.#has(level))
  }

  #has(level: number): boolean {
    return (this.#levels[level]?.size ?? 0) > 0
  }
}
