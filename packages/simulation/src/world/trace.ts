import { createHash } from 'node:crypto'

/** Lines kept; those before go, the digest still covers them. */
const MAX_LINES = 100_000

/** What happened, line by line, with the true time of each. Equal seeds give equal bytes. */
export class Trace {
  #lines: string[] = []
  #dropped = 0
  readonly #digest = createHash('sha256')

  add(timeMs: number, text: string): void {
    const line = `${timeMs.toFixed(3).padStart(12)}  ${text}`
    this.#digest.update(`${line}\n`)
    this.#lines.push(line)
    if (this.#lines.length < 2 * MAX_LINES) return
    this.#dropped += MAX_LINES
    this.#lines = this.#lines.slice(MAX_LINES)
  }

  get length(): number {
    return this.#dropped + this.#lines.length
  }

  /** A fingerprint of all lines so far. */
  digest(): string {
    return this.#digest.copy().digest('hex')
  }

  /** The lines, or the last `count` of them. */
  text(count: number = MAX_LINES): string {
    const from = Math.max(0, this.#lines.length - count)
    const before = this.#dropped + from
    const head = before === 0 ? [] : [`(${before} earlier lines)`]
    return [...head, ...this.#lines.slice(from)].join('\n')
  }
}
