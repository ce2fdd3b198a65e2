import { isKeyPosition, KEY_POSITION, type RequestPlan } from './request-plan.ts'

const STAR = 0x2a
const DOLLAR = 0x24
const CR = 0x0d
const ZERO = 0x30
/** Names that are looked for side by side. */
const MOST = 32
/** A request of more arguments is not looked through. */
const MOST_ARGUMENTS = 64
/** Longer ones are read as they are run. */
export const MOST_NAME_BYTES = 64

/** Names as they stand in the input, and what is known of them. */
export class NamesAhead {
  readonly starts: Int32Array = new Int32Array(MOST)
  readonly ends: Int32Array = new Int32Array(MOST)
  /** For who looks for them. */
  readonly hashes: Int32Array = new Int32Array(MOST)
  /** Of an element: which of the keys it belongs to. */
  readonly owners: Int32Array = new Int32Array(MOST)
  count = 0
  #next = 0

  get isFull(): boolean {
    return this.count === MOST
  }

  add(start: number, end: number, owner: number): void {
    const at = this.count
    if (at === MOST || end - start > MOST_NAME_BYTES) return
    this.starts[at] = start
    this.ends[at] = end
    this.owners[at] = owner
    this.count = at + 1
  }

  /** The place of the name that begins there, when it is the next one; else -1. */
  take(start: number): number {
    let at = this.#next
    while (at < this.count && (this.starts[at] as number) < start) at += 1
    if (at >= this.count || this.starts[at] !== start) return -1
    this.#next = at + 1
    return at
  }

  forget(): void {
    this.count = 0
    this.#next = 0
  }
}

/**
 * The keys of requests that have come and are run next, and elements of their collections. Looking for
 * one after another, each in memory that no cache has, is waiting for the memory most of the time; who
 * knows those of several requests can wait for all of them at once. See `Table.warm`.
 */
export class LookAhead {
  readonly keys: NamesAhead = new NamesAhead()
  readonly elements: NamesAhead = new NamesAhead()

  /**
   * Takes in the requests in `bytes[offset..end)`, as many as there is room for, as if all were of this
   * plan: they nearly always are. Answers where it has come to: the end, or a request that it did not take
   * in. Nothing depends on its reading them rightly.
   */
  scan(bytes: Uint8Array, offset: number, end: number, plan: RequestPlan): number {
    this.forget()
    const { keys, elements } = this
    let at = offset
    while (at < end && !keys.isFull && !elements.isFull) {
      const stop = this.#request(bytes, at, end, plan)
      if (stop === -1) return end
      at = stop
    }
    return at
  }

  forget(): void {
    this.keys.forget()
    this.elements.forget()
  }

  /** Where the request ends, or -1. */
  #request(bytes: Uint8Array, offset: number, end: number, plan: RequestPlan): number {
    if (bytes[offset] !== STAR) return -1
    let at = offset + 1
    let count = 0
    for (; bytes[at] !== CR && at < end; at += 1) count = count * 10 + (bytes[at] as number) - ZERO
    if (!(count > 0 && count <= MOST_ARGUMENTS)) return -1
    at += 2
    for (let position = 0; position < count; position += 1) {
      if (bytes[at] !== DOLLAR) return -1
      let length = 0
      for (at += 1; bytes[at] !== CR && at < end; at += 1) {
        length = length * 10 + (bytes[at] as number) - ZERO
      }
      const start = at + 2
      at = start + length + 2
      if (!(length >= 0 && at <= end)) return -1
      if (isKeyPosition(position, plan.step)) this.#addKey(bytes, start, start + length)
      else if (position === plan.element && position > KEY_POSITION) {
        this.elements.add(start, start + length, this.keys.count - 1)
      }
    }
    return at
  }

  #addKey(bytes: Uint8Array, start: number, end: number): void {
    const { starts, ends, count } = this.keys
    // the same key again is not looked for: the parser knows it
    const before = count - 1
    const isAgain = count > 0 && isSame(bytes, start, end, starts[before], ends[before])
    if (!isAgain) this.keys.add(start, end, -1)
  }
}

function isSame(
  bytes: Uint8Array,
  start: number,
  end: number,
  otherStart: number | undefined,
  otherEnd: number | undefined,
): boolean {
  if (otherStart === undefined || otherEnd === undefined) return false
  const length = end - start
  if (otherEnd - otherStart !== length) return false
  for (let i = length - 1; i >= 0; i -= 1) {
    if (bytes[otherStart + i] !== bytes[start + i]) return false
  }
  return true
}
