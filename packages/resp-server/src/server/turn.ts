/** Something with replies to send at the end of a turn. */
export interface Flushable {
  send(): void
  /** What the replies tell of could not be stored: they must never leave. */
  abandon(): void
}

/** Where changes go before the replies that acknowledge them. */
export interface TurnLog {
  /** Changes were made that the operating system does not have yet. */
  readonly isUnwritten: boolean
  /** Hands them over; false when that failed. */
  writeOut(): boolean
}

/** Replies that are there do not wait longer for requests that are not through. */
const SEND_AFTER_MS = 1

/** Later than every time. */
const NEVER = Number.POSITIVE_INFINITY

/** Something that can go on with its requests. */
export interface Resumable {
  process(): void
}

/**
 * One turn: a chunk of input, a timer or an in-process call, and all that follows from it.
 * Everyone who was written to, the sender as well as subscribers and woken clients, is sent one
 * piece after the event loop has served all sockets that had something, and what they changed went
 * to the log in one write. So no reply leaves before its change would survive the process, and who
 * has many connections is woken once for all of them and not by each.
 */
export class Turn {
  readonly #log: TurnLog
  #flushing: Flushable[] = []
  #resuming: Resumable[] = []
  #scheduled = false
  #since = NEVER

  constructor(log: TurnLog) {
    this.#log = log
  }

  flushLater(target: Flushable): void {
    this.#flushing.push(target)
  }

  /** Requests are about to be run, at this time of a monotonic clock. */
  begin(now: number): void {
    if (now < this.#since) this.#since = now
  }

  /** What this turn has for its clients should not wait any longer: see {@link sendNow}. */
  isLong(now: number): boolean {
    return now - this.#since > SEND_AFTER_MS
  }

  /**
   * Sends what there is between two requests, and goes on: a client with many requests under way
   * works on the first replies meanwhile.
   */
  sendNow(now: number): void {
    this.#since = now
    this.#flush(!this.#log.isUnwritten || this.#log.writeOut())
  }

  /**
   * Sends what there is while a script holds the event loop: `replies`, which tell of no change that is not
   * written, or `changes` too, which are none of the script's.
   */
  sendWhileBusy(separable: 'nothing' | 'replies' | 'changes'): void {
    if (separable === 'nothing') return
    this.#flush(separable === 'replies' || !this.#log.isUnwritten || this.#log.writeOut())
  }

  resumeLater(target: Resumable): void {
    this.#resuming.push(target)
  }

  end(): void {
    while (this.#resuming.length > 0) {
      const resuming = this.#resuming
      this.#resuming = []
      for (const target of resuming) target.process()
    }
    if (this.#flushing.length > 0) this.writeLater()
  }

  /** Writes the log, and sends what there is, after the event loop has served all sockets. */
  writeLater(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(this.#writeAndFlush)
  }

  readonly #writeAndFlush = (): void => {
    this.#scheduled = false
    this.#since = NEVER
    this.#flush(!this.#log.isUnwritten || this.#log.writeOut())
  }

  #flush(isWritten: boolean): void {
    const flushing = this.#flushing
    this.#flushing = []
    for (const target of flushing) {
      if (isWritten) target.send()
      else target.abandon()
    }
  }
}
