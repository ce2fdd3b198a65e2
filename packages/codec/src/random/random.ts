import { randomFillSync } from 'node:crypto'

/** Chance as a seam owned by the caller. */
export interface Random {
  /** A number in [0, 1), uniform. */
  next(): number
  /** `length` random bytes in a fresh array. */
  bytes(length: number): Uint8Array
}

/**
 * The machine's randomness: `bytes` comes from the cryptographic generator, `next` from
 * `Math.random` (for jitter and sampling, never for secrets).
 *
 * @example
 * ```ts
 * const delayMs = baseMs * (0.5 + systemRandom.next())
 * ```
 */
export const systemRandom: Random = Object.freeze({
  next: (): number => Math.random(),
  bytes: (length: number): Uint8Array => randomFillSync(new Uint8Array(length)),
})
