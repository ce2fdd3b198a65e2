import type { BlockedState } from '../clients/blocking.ts'
import type { Client } from '../clients/client.ts'
import type { Replication } from './replication.ts'

interface WriteWait {
  readonly client: Client
  readonly state: BlockedState | undefined
  readonly wanted: number
  readonly sequence: number
}

/** Clients that wait until replicas have what was written: WAIT. */
export class WriteWaits {
  readonly #replication: Replication
  #waits: WriteWait[] = []

  constructor(replication: Replication) {
    this.#replication = replication
  }

  /** Answers how many replicas have everything executed so far: now, later, or when time is up. */
  wait(client: Client, wanted: number, timeoutMs: number): void {
    const replication = this.#replication
    const sequence = replication.currentSequence()
    const answer = (): void => client.reply.integer(replication.countApplied(sequence))
    if (client.isInTransaction || replication.countApplied(sequence) >= wanted) {
      answer()
      return
    }
    const { blocking } = client.server
    blocking.block(client, { keys: [], timeoutMs, serve: () => false, timedOut: answer })
    this.#waits.push({ client, state: client.blocked, wanted, sequence })
  }

  /** A replica told how far it is. */
  check(): void {
    if (this.#waits.length === 0) return
    const waits = this.#waits
    this.#waits = []
    let isServed = false
    for (const wait of waits) {
      const { client, state, wanted, sequence } = wait
      if (client.blocked !== state) continue
      if (this.#replication.countApplied(sequence) < wanted) this.#waits.push(wait)
      else {
        client.server.blocking.unblock(client)
        isServed = true
      }
    }
    if (isServed) waits[0]?.client.server.endOfTurn()
  }
}
