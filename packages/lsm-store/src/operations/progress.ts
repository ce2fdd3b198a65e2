/** How far a long operation has come. */
export interface Progress {
  /** Bytes looked at or copied so far. */
  readonly doneBytes: number
  /** Bytes there are in all, as far as it is known. */
  readonly totalBytes: number
  /** The file in hand. */
  readonly path: string
}

/** What long operations may be told. */
export interface OperationOptions {
  /** Called now and then. What it throws ends the operation. */
  readonly onProgress?: (progress: Progress) => void
  /** Ends the operation early: it then rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

/** Bytes handled between two turns of the event loop. */
const BYTES_PER_TURN = 1024 * 1024

/** Counts work, tells of it, hears of an abort, and lets the event loop turn. */
export class Pace {
  readonly #options: OperationOptions
  readonly #totalBytes: number
  doneBytes = 0
  #sinceTurn = 0

  constructor(options: OperationOptions, totalBytes: number) {
    this.#options = options
    this.#totalBytes = totalBytes
    options.signal?.throwIfAborted()
  }

  get isAborted(): boolean {
    return this.#options.signal?.aborted === true
  }

  /** `bytes` more of this file are done. */
  async step(path: string, bytes: number): Promise<void> {
    this.doneBytes += bytes
    this.#sinceTurn += bytes
    if (this.#sinceTurn >= BYTES_PER_TURN) await this.turn(path)
  }

  async turn(path: string): Promise<void> {
    this.#sinceTurn = 0
    const { onProgress, signal } = this.#options
    onProgress?.({ doneBytes: this.doneBytes, totalBytes: this.#totalBytes, path })
    await new Promise((resolve) => setImmediate(resolve))
    signal?.throwIfAborted()
  }
}
