/** What most replies of a turn fit into. */
const SMALL_REPLY_BYTES = 2 * 1024
/** Replies of a turn that are longer do not stand in one piece. */
export const LARGE_REPLY_BYTES: number = 64 * 1024
/** So many of each size are kept for the next who asks. */
const KEPT = 64

/**
 * Memory in which replies are gathered, shared by all connections: each has some only while
 * something waits in it, so that their number costs nothing.
 */
export class ReplyMemory {
  readonly #small: Buffer[] = []
  readonly #large: Buffer[] = []

  /** For at least so many bytes, which must not be more than {@link LARGE_REPLY_BYTES}. */
  take(bytes: number): Buffer {
    if (bytes <= SMALL_REPLY_BYTES) {
      return this.#small.pop() ?? Buffer.allocUnsafeSlow(SMALL_REPLY_BYTES)
    }
    return this.#large.pop() ?? Buffer.allocUnsafeSlow(LARGE_REPLY_BYTES)
  }

  /** Nobody uses it any more. What did not come from here is left alone. */
  giveBack(memory: Buffer): void {
    const kept =
      memory.length === SMALL_REPLY_BYTES
        ? this.#small
        : memory.length === LARGE_REPLY_BYTES
          ? this.#large
          : undefined
    if (kept !== undefined && kept.length < KEPT) kept.push(memory)
  }
}
