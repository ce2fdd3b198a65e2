import { Violation } from '../../world/violation.ts'

interface Counted {
  readonly value: number
  readonly toldAtMs: number
}

/** A number that is only ever raised: what it was told to be, and what of that is on the disk. */
export class Counter {
  readonly #name: string
  #issued = 0
  #told: Counted[] = []
  #durable = 0

  constructor(name: string) {
    this.#name = name
  }

  /** The next value, which nobody has used. */
  next(): number {
    this.#issued += 1
    return this.#issued
  }

  told(value: number, nowMs: number): void {
    this.#issued = Math.max(this.#issued, value)
    this.#told.push({ value, toldAtMs: nowMs })
  }

  get highest(): number {
    return Math.max(this.#durable, ...this.#told.map(({ value }) => value))
  }

  durableBefore(atMs: number): void {
    for (const { value, toldAtMs } of this.#told) {
      if (toldAtMs <= atMs) this.#durable = Math.max(this.#durable, value)
    }
  }

  /** What was told and not kept for good is forgotten. */
  crash(): void {
    this.#told = []
  }

  /** At least what is promised, at most what was ever asked for. */
  check(found: number): void {
    if (found >= this.highest && found <= this.#issued) return
    throw new Violation(
      'key-value',
      `${this.#name} is ${found}, promised ${this.highest}, asked for ${this.#issued}`,
    )
  }

  /** It is there, so it stays. */
  recovered(found: number): void {
    this.check(found)
    this.#durable = found
  }
}
