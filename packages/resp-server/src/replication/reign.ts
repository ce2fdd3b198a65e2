import type { Lease } from '@ashlar/transport'
import type { ModuleVersions } from '../modules/module-versions.ts'
import type { Feed } from './feed.ts'
import type { Member, NodeId, ShardRecord } from './member.ts'
import type { Timeline } from './replication-state.ts'
import type { ShardBoard } from './shard-board.ts'

export interface ReignOptions {
  readonly lease: Lease
  readonly feed: Feed
  readonly timeline: Timeline
  /** The epoch from which it went on: as long as it is alone, others of that may follow. */
  readonly before: number
  readonly self: Member
  readonly modules: ModuleVersions
}

/** A node's time as the primary, under one lease. */
export class Reign {
  readonly lease: Lease
  readonly feed: Feed
  readonly timeline: Timeline
  readonly #self: Member
  readonly #modules: ModuleVersions
  /** The epoch that the next primary must have come to. */
  #basis: number
  /** The record as it was published, and who stands in it: they are asked before another takes over. */
  #published = ''
  #electors: ReadonlySet<NodeId> = new Set()

  constructor(options: ReignOptions) {
    const { lease, feed, timeline, before, self, modules } = options
    this.lease = lease
    this.feed = feed
    this.timeline = timeline
    this.#self = self
    this.#modules = modules
    this.#basis = before > 0 ? before : timeline.epoch
  }

  /** Tells the others what is new. Throws when there is a later primary. */
  async publish(board: ShardBoard): Promise<void> {
    if (this.feed.followers.some(({ applied }) => applied > 0)) this.#basis = this.timeline.epoch
    const record = this.record()
    const text = JSON.stringify(record)
    if (text === this.#published) return
    if (!(await board.write(record))) throw new Error('there is a later primary')
    this.#published = text
    this.#electors = new Set(record.replicas.map(({ node }) => node))
  }

  /**
   * Replicas that have everything up to the sequence. One that the record does not name yet is not
   * counted: whoever takes over would not ask it, and what only it has would be lost.
   */
  countApplied(sequence: number): number {
    const { followers } = this.feed
    return followers.filter(({ node, applied }) => applied >= sequence && this.#electors.has(node))
      .length
  }

  record(): ShardRecord {
    const replicas = this.feed.followers.map(({ node, address }) => ({ node, address }))
    const { epoch } = this.timeline
    return { epoch, basis: this.#basis, primary: this.#self, replicas, modules: this.#modules }
  }
}
