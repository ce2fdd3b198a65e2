import type { Socket } from 'node:net'
import { RequestError } from '@ashlar/service-kit'
import type { TaskOutcome } from '../run/waiters.ts'
import type { HttpScheduler } from './surface.ts'

/** Proxies end requests that are silent for a minute. */
export const MAX_POLL_MS = 55_000
export const DEFAULT_POLL_MS = 20_000

/** What a request for the end of a task is answered. `pending`: it has not ended in the time given. */
export type PollOutcome = TaskOutcome | { readonly state: 'pending' }

/** Requests that wait for the end of a task: so many at one time, and none for long. */
export class LongPolls {
  readonly #most: number
  readonly #closing = new AbortController()
  #count = 0

  constructor(most: number) {
    this.#most = most
  }

  /** Ends early when the client leaves or the server closes. */
  async end(
    scheduler: HttpScheduler,
    id: string,
    timeoutMs: number,
    client: Socket,
  ): Promise<PollOutcome> {
    if (this.#count >= this.#most) {
      throw new RequestError(503, 'TOO_MANY_WAITERS', `${this.#most} requests wait already`)
    }
    this.#count += 1
    const over = new AbortController()
    const stop = (): void => over.abort()
    const timer = setTimeout(stop, timeoutMs)
    client.once('close', stop)
    this.#closing.signal.addEventListener('abort', stop)
    try {
      if (this.#closing.signal.aborted) return { state: 'pending' }
      return await scheduler.waitFor(id, { signal: over.signal })
    } catch (error) {
      if (over.signal.aborted && error === over.signal.reason) return { state: 'pending' }
      throw error
    } finally {
      clearTimeout(timer)
      client.off('close', stop)
      this.#closing.signal.removeEventListener('abort', stop)
      this.#count -= 1
    }
  }

  /** Answers all that wait; later ones are answered at once. */
  close(): void {
    this.#closing.abort()
  }
}
