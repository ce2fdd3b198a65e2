import type { StoreError } from '../errors.ts'

/**
 * For those who wait for work that closing the store cuts off: its own promise then stays open, theirs
 * is rejected.
 */
export class CutOff {
  readonly #waiting: Set<(error: StoreError) => void> = new Set()

  /** What the work resolves or rejects with, unless it is cut off before. */
  async wait<T>(work: Promise<T>): Promise<T> {
    const { promise, reject } = Promise.withResolvers<never>()
    this.#waiting.add(reject)
    try {
      return await Promise.race([work, promise])
    } finally {
      this.#waiting.delete(reject)
    }
  }

  /** Nothing that somebody still waits for will end. */
  end(error: StoreError): void {
    for (const reject of this.#waiting) reject(error)
  }
}
