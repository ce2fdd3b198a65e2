import { type RateLimit, TokenBucket } from './token-bucket.ts'

export interface LimitOptions {
  readonly concurrency: number
  readonly rate: RateLimit | undefined
}

/** How much may run at one time and start in a time: of a queue, or of a tenant in it. */
export class Limit {
  readonly concurrency: number
  readonly #bucket: TokenBucket | undefined
  #running = 0

  constructor({ concurrency, rate }: LimitOptions, now: number) {
    this.concurrency = concurrency
    this.#bucket = rate === undefined ? undefined : new TokenBucket(rate, now)
  }

  /** Whether one more may run, whatever the rate. */
  get hasRoom(): boolean {
    return this.#running < this.concurrency
  }

  /** How long until the rate allows one more. */
  waitMs(now: number): number {
    return this.#bucket?.waitMs(now) ?? 0
  }

  /** What is left of a rate; `undefined`: there is none. */
  get tokens(): number | undefined {
    return this.#bucket?.tokens
  }

  /** Whether nothing runs, and no start of the past matters any more. */
  isAtRest(now: number): boolean {
    return this.#running === 0 && (this.#bucket?.isFull(now) ?? true)
  }

  restore(tokens: number, agoMs: number): void {
    this.#bucket?.restore(tokens, agoMs)
  }

  begin(): void {
    this.#running += 1
    this.#bucket?.take()
  }

  end(): void {
    this.#running -= 1
  }

  /** What began did not run after all. */
  undo(): void {
    this.#running -= 1
    this.#bucket?.giveBack()
  }
}
