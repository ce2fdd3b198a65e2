import { Violation } from '../../world/violation.ts'

/** Something that the transport was asked to change. */
export interface Told {
  /** When it was told to be kept; undefined while nobody was told. */
  toldAtMs: number | undefined
  /** A crash since then has not taken it: it is on the disk. */
  durable: boolean
}

/** One message that was asked to be appended. */
export interface Entry extends Told {
  readonly text: string
  readonly subject: string
  readonly withId: boolean
  /** As the answer said, or as it was found. */
  sequence: number | undefined
  /** Whoever appended it has an answer. */
  answered: boolean
  /** Asked to be purged; it then may be there or not, unless the purge itself is sure. */
  purge: Told | undefined
  handled: boolean
  /** The acknowledgement of its delivery. */
  ack: Told | undefined
}

/** A message as it stands in the log. */
export interface Found {
  readonly sequence: number
  readonly subject: string
  readonly text: string
}

/** What was asked of the log, what was promised about it, and whether that holds. */
export class LogLedger {
  readonly #entries = new Map<string, Entry>()
  readonly #bySequence = new Map<number, Entry>()

  add(text: string, subject: string, withId: boolean): Entry {
    const entry: Entry = {
      text,
      subject,
      withId,
      sequence: undefined,
      answered: false,
      purge: undefined,
      handled: false,
      ack: undefined,
      ...untold(),
    }
    this.#entries.set(text, entry)
    return entry
  }

  /** The append was acknowledged. */
  appended(entry: Entry, sequence: number, nowMs: number): void {
    if (entry.sequence !== undefined && entry.sequence !== sequence) {
      throw new Violation('log-sequence', `${entry.text} is ${entry.sequence} and ${sequence}`)
    }
    const other = this.#bySequence.get(sequence)
    if (other !== undefined && other !== entry) {
      throw new Violation('log-sequence', `${other.text} and ${entry.text} are both ${sequence}`)
    }
    entry.sequence = sequence
    entry.answered = true
    entry.toldAtMs ??= nowMs
    this.#bySequence.set(sequence, entry)
  }

  /** A delivery of the shared consumer. One whose acknowledgement is sure must not come again. */
  delivered({ sequence, text, subject }: Found): Entry {
    const entry = this.#known({ sequence, text, subject })
    if (entry.ack?.toldAtMs !== undefined) {
      throw new Violation('consumer-again', `${text} comes again after it was acknowledged`)
    }
    entry.handled = true
    return entry
  }

  /** A purge of a subject is asked now: what was appended before goes. */
  purgeSubject(subject: string): Told {
    const purge = untold()
    for (const entry of this.#entries.values()) {
      if (entry.subject === subject) entry.purge ??= purge
    }
    return purge
  }

  /** A purge of all before a sequence is asked now; of what has no answer yet nobody can tell. */
  purgeBefore(sequence: number): Told {
    const purge = untold()
    const maybe = untold()
    for (const entry of this.#entries.values()) {
      if (entry.sequence === undefined) entry.purge ??= maybe
      else if (entry.sequence < sequence) entry.purge ??= purge
    }
    return purge
  }

  /** Everything that was told before this time is on the disk: the promise of the sync mode. */
  durableBefore(atMs: number): void {
    for (const entry of this.#entries.values()) {
      for (const told of [entry, entry.purge, entry.ack]) settle(told, atMs)
    }
  }

  /** What a running log shows must be what was promised, and nothing that nobody asked for. */
  compare(found: readonly Found[]): void {
    let previous = 0
    const seen = new Set<string>()
    for (const message of found) {
      if (message.sequence <= previous) {
        throw new Violation('log-order', `${message.sequence} after ${previous}`)
      }
      previous = message.sequence
      const entry = this.#known(message)
      if (seen.has(message.text)) throw new Violation('log-twice', `${message.text} stands twice`)
      seen.add(message.text)
      if (entry.purge?.toldAtMs !== undefined) {
        throw new Violation('log-purged', `${message.text} was purged and is there`)
      }
    }
    for (const entry of this.#entries.values()) {
      if (entry.toldAtMs === undefined || entry.purge !== undefined) continue
      if (!seen.has(entry.text)) {
        throw new Violation('log-lost', `${entry.text}, acknowledged at ${entry.sequence}, is lost`)
      }
    }
  }

  /**
   * A process has come back with this. What was promised for good is there; of the rest, what is
   * there counts from now on, and what is not has never been.
   */
  recover(found: readonly Found[]): void {
    const there = new Map(found.map((message) => [message.text, message]))
    this.#bySequence.clear()
    for (const entry of this.#entries.values()) {
      const message = there.get(entry.text)
      if (message === undefined) this.#mustBeMissing(entry)
      else this.#isThere(entry, message)
    }
    this.compare(found)
  }

  get unhandled(): Entry[] {
    return [...this.#entries.values()].filter(
      (entry) => entry.sequence !== undefined && !entry.handled && entry.purge === undefined,
    )
  }

  /** Entries with an id that got no answer, also those that are there: to be asked for again. */
  get open(): Entry[] {
    return [...this.#entries.values()].filter(
      ({ withId, answered, purge }) => withId && !answered && purge === undefined,
    )
  }

  #isThere(entry: Entry, { sequence }: Found): void {
    if (entry.purge?.durable) {
      throw new Violation('log-purged', `${entry.text} was purged for good and has come back`)
    }
    entry.purge = undefined
    entry.sequence = sequence
    entry.toldAtMs ??= 0
    entry.durable = true
    this.#bySequence.set(sequence, entry)
    if (entry.ack?.durable !== true) entry.ack = undefined
  }

  #mustBeMissing(entry: Entry): void {
    if (entry.durable && entry.purge === undefined) {
      throw new Violation(
        'log-lost',
        `${entry.text} of ${entry.sequence} was kept for good, and lost`,
      )
    }
    if (entry.purge !== undefined) {
      // it went with the purge, or never was: either way it does not come back
      entry.purge = { toldAtMs: 0, durable: true }
      return
    }
    entry.toldAtMs = undefined
    entry.sequence = undefined
    entry.answered = false
    entry.handled = false
    entry.ack = undefined
  }

  #known({ sequence, text, subject }: Found): Entry {
    const entry = this.#entries.get(text)
    if (entry === undefined || entry.subject !== subject) {
      throw new Violation(
        'log-content',
        `${sequence} is ${text} of ${subject}, which nobody appended`,
      )
    }
    if (entry.sequence !== undefined && entry.sequence !== sequence) {
      throw new Violation('log-sequence', `${text} was ${entry.sequence} and stands at ${sequence}`)
    }
    return entry
  }
}

export function untold(): Told {
  return { toldAtMs: undefined, durable: false }
}

function settle(promise: Told | undefined, atMs: number): void {
  if (promise?.toldAtMs !== undefined && promise.toldAtMs <= atMs) promise.durable = true
}
