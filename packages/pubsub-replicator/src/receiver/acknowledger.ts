import type { Timer } from '@ashlar/codec'
import type { Position } from '../ledger/life.ts'
import type { Channel, ReceiverOptions } from './channel.ts'

/** What is to be acknowledged, at any moment; undefined for nothing. */
export interface Acknowledged {
  readonly position: Position
  readonly digest: string
}

/**
 * Tells a publisher from time to time how far this node is, so that it goes on publishing and
 * forgets deletes that all have seen. What it says would survive a power cut here.
 */
export class Acknowledger {
  readonly #channel: Channel
  readonly #options: ReceiverOptions
  readonly #ask: () => Acknowledged | undefined
  #synced = 0
  #timer: Timer | undefined
  #closed = false

  constructor(channel: Channel, options: ReceiverOptions, ask: () => Acknowledged | undefined) {
    this.#channel = channel
    this.#options = options
    this.#ask = ask
  }

  /** Acknowledges every heartbeat from now on. */
  start(): void {
    const { clock, heartbeatMs, reporter } = this.#options
    this.#timer?.cancel()
    this.#timer = clock.setTimer(() => {
      if (this.#closed) return
      this.acknowledge().catch((error: unknown) => {
        const { table, publisher: node } = this.#channel
        reporter.error('acknowledging', error, { table, node })
      })
      this.start()
    }, heartbeatMs)
  }

  async acknowledge(): Promise<void> {
    const acknowledged = this.#ask()
    if (acknowledged === undefined) return
    const { ledger } = this.#options
    const { position, digest } = acknowledged
    const head = ledger.store.lastSequence
    if (position.sequence > this.#synced) await ledger.store.sync()
    this.#synced = position.sequence
    this.#channel.acknowledge({ node: ledger.node, digest, position, head })
  }

  close(): void {
    this.#closed = true
    this.#timer?.cancel()
  }
}
