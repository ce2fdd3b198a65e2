import type { Lease } from '@ashlar/transport'
import { lacking } from '../modules/module-versions.ts'
import type { ServerContext } from '../server/context.ts'
import type { Election } from './election.ts'
import type { Following } from './following.ts'
import type { ShardRecord } from './member.ts'
import type { ResolvedReplication } from './replication-options.ts'
import type { ShardBoard } from './shard-board.ts'

export interface CandidacyOptions {
  readonly server: ServerContext
  readonly replication: ResolvedReplication
  readonly board: ShardBoard
  readonly election: Election
  readonly following: Following
  /** Aborted when the server closes. */
  readonly signal: AbortSignal
  readonly onLost: (reason: Error) => void
}

/** A node that would be the primary: asks for the lease, and keeps it if nobody should rather have it. */
export class Candidacy {
  readonly #options: CandidacyOptions
  /** REPLICAOF NO ONE: take the lease though others may be further. */
  #isForced = false
  #endRest: (() => void) | undefined
  /** Why this node may not be the primary, as it was logged last. */
  #obstacle: string | undefined
  /** Another is to have the lease; its way to it may be slower than this node's. */
  #hasDeferred = false

  constructor(options: CandidacyOptions) {
    this.#options = options
  }

  /** Takes the lease as soon as nobody has it, whatever others hold. */
  force(): void {
    this.#isForced = true
    this.hurry()
  }

  /** Ends the rest between two attempts. */
  hurry(): void {
    this.#endRest?.()
  }

  /** A while between two attempts; as long as a lease lasts after one that was left to another. */
  rest(): Promise<void> {
    const { server, replication } = this.#options
    const restMs = this.#hasDeferred ? replication.leaseTtlMs : replication.leaseTtlMs / 5
    this.#hasDeferred = false
    return new Promise((resolve) => {
      const timer = server.clock.setTimer(resolve, restMs)
      this.#endRest = () => {
        timer.cancel()
        resolve()
      }
    })
  }

  /** The lease, if this node is to be the primary. Waits for it for as long as one lasts. */
  async seek(): Promise<Lease | undefined> {
    const { replication, board, signal, onLost } = this.#options
    const { transport, group, node, leaseTtlMs } = replication
    if (!this.#isEligible(await board.read())) return undefined
    const lease = await transport.lease(board.bucket, `lease.${group}`, {
      owner: node,
      ttlMs: leaseTtlMs,
      waitMs: leaseTtlMs,
      autoRenew: true,
      signal,
      onLost,
    })
    if (lease === undefined) return undefined
    try {
      if (await this.#mayReign()) return lease
    } catch (error) {
      // it would be renewed for ever; given up or not, it ends when it is not
      await lease.release().catch(() => undefined)
      throw error
    }
    await lease.release()
    return undefined
  }

  /** Now that nobody else can become the primary: is there one that should? */
  async #mayReign(): Promise<boolean> {
    const { server, board, election, following } = this.#options
    const shard = await board.read()
    if (this.#isForced) {
      this.#isForced = false
      return true
    }
    const better = await election.betterThan(following.store.position, shard)
    if (better === undefined) return this.#isEligible(shard)
    this.#hasDeferred = true
    server.logger.info('another node is further', { node: better })
    await election.ask(better, { do: 'take' })
    return false
  }

  /** Whole, of the history that the last primary went on with, and with the modules that this had. */
  #isEligible(shard: ShardRecord | undefined): boolean {
    if (this.#isForced) return true
    const { server, following } = this.#options
    const { store } = following
    const obstacle = lacking(server.modules.versions, shard?.modules)
    if (obstacle !== undefined && obstacle !== this.#obstacle) {
      server.logger.error('this node cannot be the primary', { reason: obstacle })
    }
    this.#obstacle = obstacle
    if (obstacle !== undefined) return false
    return store.isComplete && store.position.timeline.epoch >= (shard?.basis ?? 0)
  }
}
