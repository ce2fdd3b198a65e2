import type { Timer } from '@ashlar/codec'
import type { ServerContext } from '../server/context.ts'
import type { Replication } from './replication.ts'

/** Writes are held back for at most so long when FAILOVER names no time. */
const DEFAULT_TIMEOUT_MS = 10_000

interface Plan {
  readonly target: string
  readonly timer: Timer
  isHandingOver: boolean
}

/**
 * FAILOVER: holds writes back until a replica has everything, and then makes it the primary. When
 * that takes too long everything goes on as before.
 */
export class Handover {
  readonly #server: ServerContext
  readonly #replication: Replication
  #plan: Plan | undefined

  constructor(server: ServerContext, replication: Replication) {
    this.#server = server
    this.#replication = replication
  }

  get isUnderWay(): boolean {
    return this.#plan !== undefined
  }

  /** As INFO says it. */
  get state(): string {
    if (this.#plan === undefined) return 'no-failover'
    return this.#plan.isHandingOver ? 'failover-in-progress' : 'waiting-for-sync'
  }

  start(target: string, timeoutMs: number): void {
    const { pause, clock, keyspace } = this.#server
    const time = timeoutMs === 0 ? DEFAULT_TIMEOUT_MS : timeoutMs
    // what expires meanwhile would be a write as well
    keyspace.holdsExpired = true
    pause.start('write', time)
    const timer = clock.setTimer(() => this.abort(), time)
    this.#plan = { target, timer, isHandingOver: false }
    this.check()
  }

  /** False when none is under way, or when it is too late to stop it. */
  abort(): boolean {
    if (this.#plan === undefined || this.#plan.isHandingOver) return false
    this.#end()
    return true
  }

  /** A replica told how far it is, or this is not the primary any more. */
  check(): void {
    const plan = this.#plan
    if (plan === undefined || plan.isHandingOver) return
    // in a transaction: what that goes on to write has to be there too
    if (this.#server.durability.isWithinUnit) return
    if (!this.#replication.isPrimary) {
      this.#end()
      return
    }
    const sequence = this.#replication.currentSequence()
    const target = this.#replication.followers.find(({ node }) => node === plan.target)
    if (target === undefined || target.applied < sequence) return
    plan.isHandingOver = true
    this.#replication
      .handOver(plan.target)
      .catch((error: unknown) => {
        this.#server.logger.warn('FAILOVER failed', { error: String(error) })
      })
      .finally(() => this.#end())
  }

  close(): void {
    this.#plan?.timer.cancel()
    this.#plan = undefined
  }

  #end(): void {
    this.#plan?.timer.cancel()
    this.#plan = undefined
    this.#server.pause.end()
  }
}
