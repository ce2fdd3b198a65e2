import type { Journal } from './journal.ts'
import type { Layout } from './layout.ts'

/** Numbers reserved by one write: a crash leaves a gap of at most this size. */
const BLOCK = 65_536

/**
 * Numbers that only grow, across restarts and crashes: the order of tasks due at one instant, and
 * the fencing tokens of runs. The store holds a ceiling; no number above it is ever handed out.
 */
export class Sequence {
  readonly #journal: Journal
  readonly #layout: Layout
  #last: number
  #ceiling: number

  constructor(journal: Journal, layout: Layout, ceiling: number) {
    this.#journal = journal
    this.#layout = layout
    this.#last = ceiling
    this.#ceiling = ceiling
  }

  /** The next number. What uses it is stored in the gathering batch, or after it. */
  next(): number {
    if (this.#last === this.#ceiling) this.#reserve()
    this.#last += 1
    return this.#last
  }

  #reserve(): void {
    this.#ceiling += BLOCK
    const bytes = Buffer.allocUnsafe(8)
    bytes.writeBigUInt64BE(BigInt(this.#ceiling))
    this.#journal.begin().put(this.#layout.single('sequence'), bytes)
  }
}

export function decodeCeiling(bytes: Uint8Array | undefined): number {
  if (bytes === undefined) return 0
  return Number(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).readBigUInt64BE())
}
