/** Something with replies to send at the end of a turn. */
export interface Flushable {
  send(): void
}

/** Something that can go on with its requests. */
export interface Resumable {
  process(): void
}

/**
 * One turn: a chunk of input, a timer or an in-process call, and all that follows from it.
 * Everyone who was written to, the sender as well as subscribers and woken clients, is sent one
 * piece at its end.
 */
export class Turn {
  #flushing: Flushable[] = []
  #resuming: Resumable[] = []

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
    const flushing = this.#flushing
    if (flushing.length === 0) return
    this.#flushing = []
    for (const target of flushing) target.send()
  }
}
