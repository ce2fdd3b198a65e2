import type { Table } from '../keyspace/table.ts'
import type { Persistence } from '../persistence/persistence.ts'
import type { ServerContext } from '../server/context.ts'
import { FollowerLink } from './follower-link.ts'
import { FollowerMemory } from './follower-memory.ts'
import { FollowerStore } from './follower-store.ts'
import type { Member, ShardRecord } from './member.ts'
import type { ResolvedReplication } from './replication-options.ts'

export interface FollowingOptions {
  readonly server: ServerContext
  readonly persistence: Persistence
  readonly replication: ResolvedReplication
  /** This node, as others are to know it. */
  readonly self: () => Member
  readonly subjectOf: (node: string) => string
  readonly onError: (error: unknown) => void
}

/** A node while it is not the primary: whom it follows, one after the other. */
export class Following {
  readonly #options: FollowingOptions
  #memory: FollowerMemory
  store: FollowerStore
  link: FollowerLink | undefined
  #linkedTo: string | undefined
  #isStopped = false
  /** Changes of whom to follow, in order. Never rejects. */
  #queue: Promise<void> = Promise.resolve()

  constructor(options: FollowingOptions) {
    this.#options = options
    this.#memory = this.#createMemory()
    this.store = new FollowerStore(options.persistence, this.#memory)
  }

  /** Follows the primary of the record, unless it does already; nobody when that is this node. */
  follow(shard: ShardRecord | undefined): void {
    this.#queue = this.#queue.then(() => this.#follow(shard)).catch(this.#options.onError)
  }

  /** Follows nobody until it is begun again. Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.follow(undefined)
    await this.#queue
  }

  /** Leaves memory to those who write to it from here on. */
  release(tables: readonly Table[]): void {
    this.#memory.close()
    this.#memory.reopen(tables)
    if (this.store.needsSnapshot) this.#options.server.modules.replaced()
  }

  /** A first module listens to changed keys. */
  needNames(): void {
    this.store.needNames()
  }

  /** This node was the primary, or all but. */
  async begin(wasPrimary: boolean): Promise<void> {
    const { persistence } = this.#options
    if (wasPrimary) {
      await persistence.follow()
      this.#memory = this.#createMemory()
      this.#memory.reopen(persistence.reopen())
    }
    this.store = new FollowerStore(persistence, this.#memory)
    await this.store.settle()
    this.#isStopped = false
  }

  close(): void {
    this.#memory.close()
  }

  #createMemory(): FollowerMemory {
    const { server, persistence } = this.#options
    const { keyspace, modules, scripting } = server
    return new FollowerMemory(persistence, keyspace, modules, (texts) =>
      scripting.libraries.follow(texts),
    )
  }

  async #follow(shard: ShardRecord | undefined): Promise<void> {
    const { server, replication, self, subjectOf } = this.#options
    const isNobody =
      shard === undefined || this.#isStopped || shard.primary.node === replication.node
    const target = isNobody ? undefined : `${shard.primary.node}/${shard.epoch}`
    if (target === this.#linkedTo) return
    await this.link?.close()
    this.link = undefined
    this.#linkedTo = target
    if (isNobody) return
    this.link = new FollowerLink({
      transport: replication.transport,
      clock: server.clock,
      logger: server.logger,
      subject: subjectOf(shard.primary.node),
      self: self(),
      store: this.store,
      epoch: shard.epoch,
      modules: server.modules,
      onProgress: () => this.#serve(),
    })
  }

  /** Something was applied: answers those who waited for it. */
  #serve(): void {
    const { server } = this.#options
    server.keyspace.refreshTime()
    server.endOfWork()
  }
}
