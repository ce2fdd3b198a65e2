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

/** Something that can go on with its requests. */
export interface Resumable {
  process(): void
}

/**
 * One turn: a chunk of input, a timer or an in-process call, and all that follows from it.
 * Everyone who was written to, the sender as well as subscribers and woken clients, is sent one
 * piece at its end: at once when nothing changed, otherwise after the event loop has served all
 * sockets and their changes went to the log in one write. So no reply leaves before its change
 * would survive the process.
 */
export class Turn {
  readonly #log: TurnLog
  #flushing: Flushable[] = []
  #resuming: Resumable[] = []
  #scheduled = false

  constructor(log: TurnLog) {
    this.#log = log
  }

  flushLater(target: Flushable): void {
    this.#flushing.push(target)
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
    if (this.#flushing.length === 0) return
    if (!this.#log.isUnwritten) this.#flush(true)
    else if (!this.#scheduled) {
      this.#scheduled = true
      setImmediate(this.#writeAndFlush)
    }
  }

  readonly #writeAndFlush = (): void => {
    this.#scheduled = false
    this.#flush(this.#log.writeOut())
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
