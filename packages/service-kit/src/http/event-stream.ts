import { once } from 'node:events'
import type { ServerResponse } from 'node:http'

/** The answer to a request as server-sent events, until the client leaves or the signal is aborted. */
export class EventStream {
  /** Aborted when nothing more is to be sent. */
  readonly over: AbortSignal
  readonly #response: ServerResponse
  #heart: NodeJS.Timeout | undefined

  constructor(response: ServerResponse, signal: AbortSignal) {
    const left = new AbortController()
    this.#response = response
    this.over = AbortSignal.any([signal, left.signal])
    response.once('close', () => left.abort())
    if (response.destroyed) left.abort()
  }

  /** Answers the request; from here on lines show that the connection lives. */
  begin(heartbeatMs: number): void {
    const response = this.#response
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // a connection that a stream has used is not one that a closing server waits for
      connection: 'close',
      'x-accel-buffering': 'no',
    })
    response.write('retry: 1000\n\n')
    this.#heart = setInterval(() => {
      if (!response.writableNeedDrain) response.write(': alive\n\n')
    }, heartbeatMs)
    this.#heart.unref()
  }

  /** Resolves when the client has taken enough of what was sent, or is gone. */
  async send(text: string): Promise<void> {
    if (this.#response.write(text)) return
    try {
      await once(this.#response, 'drain', { signal: this.over })
    } catch (error) {
      if (!this.over.aborted) throw error
    }
  }

  end(): void {
    clearInterval(this.#heart)
    this.#response.end()
  }
}

/** An event with its data, which is one line of JSON. */
export const eventText = (event: string, json: string): string =>
  `event: ${event}\ndata: ${json}\n\n`
