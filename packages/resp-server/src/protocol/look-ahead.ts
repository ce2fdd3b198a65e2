import { isKeyPosition, keyStepOf, SEVERAL_ARGUMENTS } from './key-steps.ts'

const STAR = 0x2a
const DOLLAR = 0x24
const CR = 0x0d
const ZERO = 0x30
/** Keys that are looked for side by side. */
const MOST = 32
/** A request of more arguments is not looked through. */
const MOST_ARGUMENTS = 64
/** Longer ones are read as they are run. */
export const MOST_KEY_BYTES = 64

/**
 * The keys of requests that have come and are run next. Looking for one key after another, each in
 * memory that no cache has, is waiting for the memory most of the time; who knows the keys of several
 * requests can wait for all of them at once. See `Table.warm`.
 */
export class LookAhead {
  readonly starts: Int32Array = new Int32Array(MOST)
  readonly ends: Int32Array = new Int32Array(MOST)
  /** For who looks for the keys: their hashes. */
  readonly hashes: Int32Array = new Int32Array(MOST)
  count = 0
  #next = 0

  /**
   * Takes in the keys of the requests in `bytes[offset..end)`, as many as there is room for. Answers
   * where it has come to: the end, or a request that it did not take in. Nothing depends on its reading
   * malformed requests rightly.
   */
  scan(bytes: Uint8Array, offset: number, end: number): number {
    this.count = 0
    this.#next = 0
    let at = offset
    while (at < end && this.count < MOST) {
      const stop = this.#request(bytes, at, end)
      if (stop === -1) return end
      at = stop
    }
    return at
  }

  /** The place of the key that begins there, when it is the next one; else -1. */
  take(start: number): number {
    let at = this.#next
    while (at < this.count && (this.starts[at] as number) < start) at += 1
    if (at === this.count || this.starts[at] !== start) return -1
    this.#next = at + 1
    return at
  }

  forget(): void {
    this.count = 0
    this.#next = 0
  }

  /** Where the request ends, or -1. */
  #request(bytes: Uint8Array, offset: number, end: number): number {
    if (bytes[offset] !== STAR) return -1
    let at = offset + 1
    let count = 0
    for (; bytes[at] !== CR && at < end; at += 1) count = count * 10 + (bytes[at] as number) - ZERO
    if (!(count > 0 && count <= MOST_ARGUMENTS)) return -1
    at += 2
    let step = 0
    for (let position = 0; position < count; position += 1) {
      if (bytes[at] !== DOLLAR) return -1
      let length = 0
      for (at += 1; bytes[at] !== CR && at < end; at += 1) {
        length = length * 10 + (bytes[at] as number) - ZERO
      }
      const start = at + 2
      at = start + length + 2
      if (!(length >= 0 && at <= end)) return -1
      if (position === 0 && count >= SEVERAL_ARGUMENTS) {
        step = keyStepOf(bytes, start, start + length)
      }
      if (isKeyPosition(position, step)) this.#add(bytes, start, start + length)
    }
    return at
  }

  #add(bytes: Uint8Array, start: number, end: number): void {
    const at = this.count
    if (at === MOST || end - start > MOST_KEY_BYTES) return
    // the same key again is not looked for: the parser knows it
    if (at > 0 && this.#isSame(bytes, start, end, at - 1)) return
    this.starts[at] = start
    this.ends[at] = end
    this.count = at + 1
  }

  #isSame(bytes: Uint8Array, start: number, end: number, other: number): boolean {
    const from = this.starts[other] as number
    const length = end - start
    if ((this.ends[other] as number) - from !== length) return false
    for (let i = length - 1; i >= 0; i -= 1) if (bytes[from + i] !== bytes[start + i]) return false
    return true
  }
}
