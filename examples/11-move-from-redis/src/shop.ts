import type { Redis } from 'ioredis'

/** Takes orders without end, each in one transaction, wherever it is told to keep them. */
export class Shop {
  #redis: Redis
  #taken = 0
  #isOpen = true
  #resumed: Promise<void> | undefined
  #resume = (): void => {}
  #idle = (): void => {}
  #waiting: { readonly count: number; readonly done: () => void }[] = []

  constructor(redis: Redis) {
    this.#redis = redis
  }

  /** Resolves when the shop is closed, with the number of orders that it was told are kept. */
  async takeOrders(): Promise<number> {
    while (this.#isOpen) {
      this.#idle()
      await this.#resumed
      await this.#redis.multi().sadd('orders', `order ${this.#taken}`).incr('count').exec()
      this.#taken += 1
      for (const { count, done } of this.#waiting) if (this.#taken >= count) done()
    }
    return this.#taken
  }

  /** Resolves when so many orders were taken. */
  has(count: number): Promise<void> {
    return new Promise((done) => this.#waiting.push({ count, done }))
  }

  /** Resolves when no order is under way. */
  async pause(): Promise<void> {
    this.#resumed = new Promise((resolve) => {
      this.#resume = resolve
    })
    await new Promise<void>((resolve) => {
      this.#idle = resolve
    })
    this.#idle = () => {}
  }

  resume(redis: Redis): void {
    this.#redis = redis
    this.#resume()
  }

  close(): void {
    this.#isOpen = false
  }
}
