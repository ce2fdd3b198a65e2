import type { Client } from '../clients/client.ts'
import type { ServerContext } from '../server/context.ts'

export interface ReplicaOptions {
  readonly client: Client
  /** Everything before it is there, or comes as a snapshot. */
  readonly position: number
  /** Where it says that it listens; 0 and empty: it did not say. */
  readonly port: number
  readonly address: string
  /** It asked by SYNC, and never tells how far it is. */
  readonly isSilent: boolean
}

/** Someone who is sent what this server does. */
export class Replica {
  readonly client: Client
  readonly port: number
  readonly address: string
  readonly isSilent: boolean
  /** In the words of INFO. */
  state: 'wait_bgsave' | 'send_bulk' | 'online' = 'wait_bgsave'
  /** Offset of the next byte that goes to its socket. */
  position: number
  /** What it says that it has run. */
  acknowledged = 0
  /** When it said so, on the monotonic clock. */
  heardAt: number
  /** It reads too slowly since; undefined while it does not. */
  slowSince: number | undefined
  isGone = false
  #wake: (() => void) | undefined

  constructor({ client, position, port, address, isSilent }: ReplicaOptions, now: number) {
    this.client = client
    this.position = position
    this.port = port
    this.address = address
    this.isSilent = isSilent
    this.heardAt = now
  }

  /** For INFO and ROLE. */
  get host(): string {
    if (this.address !== '') return this.address
    const { address } = this.client.transport
    return address.slice(0, address.lastIndexOf(':'))
  }

  /** Whole seconds since it was heard of. */
  lag({ clock }: ServerContext): number {
    return Math.floor((clock.monotonic() - this.heardAt) / 1000)
  }

  /** Something changed that it may wait for. */
  wake(): void {
    this.#wake?.()
  }

  async sleep(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#wake = resolve
    await promise
    this.#wake = undefined
  }
}
