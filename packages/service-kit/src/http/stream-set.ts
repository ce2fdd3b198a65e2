import type { FastifyInstance } from 'fastify'
import { RequestError } from './failure.ts'

/** The streams of a plugin: so many at most, and ended before the server waits for connections. */
export class StreamSet {
  readonly #limit: number
  readonly #closing = new AbortController()
  readonly #streams = new Set<Promise<void>>()

  constructor(app: FastifyInstance, limit: number) {
    this.#limit = limit
    app.addHook('preClose', async () => {
      this.#closing.abort()
      await Promise.allSettled(this.#streams)
    })
  }

  /** Aborted when the server closes. */
  get signal(): AbortSignal {
    return this.#closing.signal
  }

  /** Throws a RequestError where one more would be too many. */
  checkRoom(): void {
    if (this.#streams.size < this.#limit) return
    throw new RequestError(503, 'TOO_MANY_STREAMS', `there are ${this.#limit} streams already`)
  }

  /** Counts a stream until it has ended. */
  async run(stream: Promise<void>): Promise<void> {
    this.#streams.add(stream)
    try {
      await stream
    } finally {
      this.#streams.delete(stream)
    }
  }
}
