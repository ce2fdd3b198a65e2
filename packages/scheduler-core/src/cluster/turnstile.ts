import { Fifo } from '../partition/fifo.ts'

/** Lets so many through at a time, in the order in which they came. */
export class Turnstile {
  #free: number
  readonly #waiting = new Fifo<() => void>()

  constructor(count: number) {
    this.#free = count
  }

  async pass<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free += 1
      else next()
    }
  }
}
