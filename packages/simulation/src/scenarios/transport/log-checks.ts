import type { Log, LogMessage } from '@ashlar/transport'
import { Violation } from '../../world/violation.ts'

interface Append {
  readonly text: string
  readonly node: string
  readonly withId: boolean
  /** Sequence by the acknowledgement; undefined while, or for ever, unknown. */
  sequence: number | undefined
  attempts: number
}

/** What was appended and consumed, against what the log holds in the end. */
export class LogChecks {
  readonly #appends: Append[] = []
  readonly #handled = new Set<number>()

  start(node: string, withId: boolean): Append {
    const text = `${node}-${this.#appends.length}`
    const append: Append = { text, node, withId, sequence: undefined, attempts: 0 }
    this.#appends.push(append)
    return append
  }

  acknowledged(append: Append, sequence: number): void {
    append.sequence = sequence
    const other = this.#appends.find((one) => one !== append && one.sequence === sequence)
    if (other !== undefined) {
      throw new Violation('log-sequence', `${append.text} and ${other.text} have ${sequence}`)
    }
  }

  handled(message: LogMessage): void {
    this.#handled.add(message.sequence)
  }

  get unhandled(): number[] {
    return this.#appends
      .map(({ sequence }) => sequence)
      .filter((sequence) => sequence !== undefined && !this.#handled.has(sequence))
      .filter((sequence) => sequence !== undefined)
  }

  /** All acknowledged appends are there once, where they were said to be; the others at most so often. */
  async checkEnd(log: Log): Promise<void> {
    const found = new Map<string, number[]>()
    let previous = 0
    for await (const { payload, sequence } of log.read()) {
      if (sequence <= previous) throw new Violation('log-order', `${sequence} after ${previous}`)
      previous = sequence
      const text = Buffer.from(payload).toString()
      found.set(text, [...(found.get(text) ?? []), sequence])
    }
    for (const { text, sequence, withId, attempts } of this.#appends) {
      const at = found.get(text) ?? []
      if (sequence !== undefined && !at.includes(sequence)) {
        throw new Violation(
          'log-lost',
          `${text} was acknowledged at ${sequence}, found at [${at.join()}]`,
        )
      }
      const most = withId ? 1 : attempts
      if (at.length > most) throw new Violation('log-twice', `${text} stands at ${at.join(', ')}`)
    }
    if (this.unhandled.length > 0) {
      throw new Violation('log-unconsumed', `never handled: ${this.unhandled.join(', ')}`)
    }
  }
}
