import type { Clock, Timer } from '@ashlar/codec'
import type { Bytes } from '../protocol/reply.ts'
import type { Client } from './client.ts'

interface Postponed {
  readonly client: Client
  readonly args: readonly Bytes[]
}

/** CLIENT PAUSE: requests wait, all of them or those that may change something. */
export class Pause {
  readonly #clock: Clock
  #postponed: Postponed[] = []
  #timer: Timer | undefined
  #until = 0
  mode: 'none' | 'write' | 'all' = 'none'
  /** Called with the requests that waited, when the pause is over. */
  onOver: ((postponed: readonly Postponed[]) => void) | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** A pause never gets shorter or weaker by another. */
  start(mode: 'write' | 'all', milliseconds: number): void {
    const now = this.#clock.now()
    if (this.mode !== 'all') this.mode = mode
    this.#until = Math.max(this.#until, now + milliseconds)
    this.#timer?.cancel()
    this.#timer = this.#clock.setTimer(() => this.end(), Math.max(0, this.#until - now))
  }

  end(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#until = 0
    this.mode = 'none'
    const postponed = this.#postponed
    this.#postponed = []
    this.onOver?.(postponed)
  }

  postpone(client: Client, args: readonly Bytes[]): void {
    this.#postponed.push({ client, args })
  }

  forget(client: Client): void {
    this.#postponed = this.#postponed.filter((one) => one.client !== client)
  }

  stop(): void {
    this.#timer?.cancel()
  }
}
