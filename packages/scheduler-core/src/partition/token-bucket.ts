/** At most `limit` starts in `perMs`, over any length of time, and `burst` at once. */
export interface RateLimit {
  readonly limit: number
  readonly perMs: number
  /** Starts that may follow one another at once after a quiet time. Default `limit`. */
  readonly burst?: number
}

/** A bucket that fills with time, by the monotonic clock. It starts full, unless restored. */
export class TokenBucket {
  readonly #perToken: number
  readonly #burst: number
  #tokens: number
  #filledAt: number

  constructor({ limit, perMs, burst = limit }: RateLimit, now: number) {
    this.#perToken = perMs / limit
    this.#burst = burst
    this.#tokens = burst
    this.#filledAt = now
  }

  /** How long until there is a token; 0 when there is one. */
  waitMs(now: number): number {
    this.#fill(now)
    // Sums of fractions fall short of whole tokens by a little.
    return this.#tokens >= 1 - 1e-6 ? 0 : Math.ceil((1 - this.#tokens) * this.#perToken)
  }

  get tokens(): number {
    return this.#tokens
  }

  /** Whether it has forgotten all that was taken. */
  isFull(now: number): boolean {
    this.#fill(now)
    return this.#tokens >= this.#burst - 1e-6
  }

  /** So many were left so long ago. */
  restore(tokens: number, agoMs: number): void {
    this.#tokens = Math.min(this.#tokens, tokens + Math.max(0, agoMs) / this.#perToken)
  }

  take(): void {
    this.#tokens -= 1
  }

  /** A token that was taken was not used. */
  giveBack(): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + 1)
  }

  #fill(now: number): void {
    const tokens = this.#tokens + (now - this.#filledAt) / this.#perToken
    this.#tokens = Math.min(this.#burst, tokens)
    this.#filledAt = now
  }
}
