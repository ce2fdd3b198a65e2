import type { BlockedState } from '../clients/blocking.ts'
import type { Client } from '../clients/client.ts'

/** How far replicas are. */
export interface WriteProgress {
  /** Where everything stands that was executed so far. */
  currentSequence(): number
  /** Replicas that have everything up to there. */
  countApplied(sequence: number): number
}

interface WriteWait {
  readonly client: Client
  readonly state: BlockedState | undefined
  readonly wanted: number
  readonly sequence: number
}

/** Clients that wait until replicas have what was written: WAIT. */
export class WriteWaits {
  readonly #progress: WriteProgress
  #waits: WriteWait[] = []

  constructor(progress: WriteProgress) {
    this.#progress = progress
  }

  /** Answers how many replicas have everything executed so far: now, later, or when time is up. */
  wait(client: Client, wanted: number, timeoutMs: number): void {
    const progress = this.#progress
    const sequence = progress.currentSequence()
    const answer = (): void => client.reply.integer(progress.countApplied(sequence))
    if (client.isInTransaction || progress.countApplied(sequence) >= wanted) {
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
      if (this.#progress.countApplied(sequence) < wanted) this.#waits.push(wait)
      else {
        client.server.blocking.unblock(client)
        isServed = true
      }
    }
    if (isServed) waits[0]?.client.server.endOfTurn()
  }
}
