import type { Clock, Logger, Random } from '@ashlar/codec'
import type { Store } from '@ashlar/lsm-store'
import type { ModuleVersions } from '../modules/module-versions.ts'
import type { Statistics } from '../server/statistics.ts'
import type { ChangeNames } from './change-names.ts'
import type { FeedReply, FeedRequest } from './feed-messages.ts'
import { FeedSession, LONG_POLL_MS } from './feed-session.ts'
import { findSequence } from './find-sequence.ts'
import type { Address, NodeId } from './member.ts'
import { type ReplicationState, readState } from './replication-state.ts'

/** Nodes that may follow a primary; a further one waits until another has gone. */
const MAX_SESSIONS = 64
/** A node that was not heard of for so long has gone. */
const GONE_AFTER_MS = 20 * LONG_POLL_MS

/** A node that follows, as its primary sees it. */
export interface FollowerStatus {
  readonly node: NodeId
  readonly address: Address
  /** Up to where it has applied and written everything, in the primary's sequences. */
  applied: number
  /** Monotonic time of its last request. */
  lastSeen: number
}

export interface FeedOptions {
  readonly store: Store
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly statistics: Statistics
  /** Bytes of a block that fit into one message. */
  readonly partBytes: number
  readonly names: ChangeNames
  /** Those of this server. */
  readonly modules: ModuleVersions
  /** A node told how far it is. */
  readonly onApplied: () => void
  /** A node begins to follow. */
  readonly onOpened: () => void
}

/** The primary's side: sends every change in the store to the nodes that follow. */
export class Feed {
  readonly #options: FeedOptions
  readonly #state: ReplicationState
  readonly #sessions = new Map<NodeId, FeedSession>()
  readonly #followers = new Map<NodeId, FollowerStatus>()
  #isClosed = false

  constructor(options: FeedOptions) {
    this.#options = options
    this.#state = readState(options.store)
  }

  /** Nodes heard of within the last seconds. */
  get followers(): FollowerStatus[] {
    this.#sweep()
    return [...this.#followers.values()]
  }

  /** Those that have begun to apply changes, heard of within the time. */
  countWithin(milliseconds: number): number {
    const oldest = this.#options.clock.monotonic() - milliseconds
    return this.followers.filter((one) => one.applied > 0 && one.lastSeen >= oldest).length
  }

  close(): void {
    this.#isClosed = true
    for (const session of this.#sessions.values()) session.close()
    this.#sessions.clear()
    this.#followers.clear()
  }

  async open(request: Extract<FeedRequest, { do: 'open' }>): Promise<FeedReply> {
    const { store, clock, random, logger, statistics, names, modules } = this.#options
    const namedSince = request.needsNames === true ? await names.need() : 0
    const since = await this.#whereToGoOn(request, namedSince)
    if (this.#isClosed) return { is: 'refused' }
    this.#sweep()
    this.#end(request.node)
    if (this.#sessions.size >= MAX_SESSIONS) return { is: 'refused' }
    const id = Buffer.from(random.bytes(12)).toString('hex')
    this.#sessions.set(request.node, new FeedSession(id, request.node, store, clock, since))
    const { node, address } = request
    this.#followers.set(node, { node, address, applied: 0, lastSeen: clock.monotonic() })
    const isFull = since === undefined
    if (!isFull) statistics.partialSyncs += 1
    else {
      statistics.fullSyncs += 1
      if (request.timeline.epoch > 0 && request.isComplete) statistics.refusedPartialSyncs += 1
    }
    this.#options.onOpened()
    logger.info('a replica asks for changes', { node, since: since ?? 'the beginning' })
    const { timeline } = this.#state
    return { is: 'open', session: id, timeline, isFull, isNamed: names.isOn, modules }
  }

  async next(request: Extract<FeedRequest, { do: 'next' }>): Promise<FeedReply> {
    const session = this.#sessions.get(request.node)
    const follower = this.#followers.get(request.node)
    if (session?.id !== request.session || follower === undefined) return { is: 'gone' }
    const { clock, store, logger, onApplied, partBytes } = this.#options
    session.lastSeen = clock.monotonic()
    follower.lastSeen = session.lastSeen
    if (request.applied > follower.applied) {
      follower.applied = request.applied
      onApplied()
    }
    try {
      const block = await session.block(request.block)
      if (this.#isClosed) return { is: 'refused' }
      if (block === undefined) return { is: 'idle', sequence: store.lastSequence }
      const bytes = block.subarray(request.offset, request.offset + partBytes)
      return { is: 'part', total: block.length, bytes }
    } catch (error) {
      if (this.#isClosed) return { is: 'refused' }
      if (this.#sessions.get(request.node) === session) this.#end(request.node)
      logger.warn('a replica cannot be sent more', { node: request.node, error: String(error) })
      return { is: 'gone' }
    }
  }

  /** The sequence after which it is to go on; undefined: it needs a snapshot. */
  async #whereToGoOn(
    request: Extract<FeedRequest, { do: 'open' }>,
    namedSince: number,
  ): Promise<number | undefined> {
    const { store } = this.#options
    if (!request.isComplete || request.timeline.epoch === 0) return undefined
    const since = await findSequence(store, this.#state, request.timeline.id, request.sequence)
    if (
      since === undefined ||
      since < Math.max(store.oldestChange, namedSince) ||
      since > store.lastSequence
    ) {
      return undefined
    }
    return since
  }

  #sweep(): void {
    const oldest = this.#options.clock.monotonic() - GONE_AFTER_MS
    for (const [node, { lastSeen }] of this.#followers) {
      if (lastSeen < oldest) this.#end(node)
    }
  }

  #end(node: NodeId): void {
    this.#sessions.get(node)?.close()
    this.#sessions.delete(node)
    this.#followers.delete(node)
  }
}
