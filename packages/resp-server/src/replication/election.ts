import type { Logger } from '@ashlar/codec'
import type { Transport } from '@ashlar/transport'
import { type FeedReply, type FeedRequest, replies, requests } from './feed-messages.ts'
import type { NodeId, ShardRecord } from './member.ts'
import type { Position } from './replication-state.ts'

type Status = Extract<FeedReply, { is: 'status' }>

/** A node that is further and does not take the lease is waited for so many times. */
const MAX_DEFERRALS = 3

export interface ElectionOptions {
  readonly transport: Transport
  readonly logger: Logger
  readonly node: NodeId
  readonly subjectOf: (node: NodeId) => string
  /** How long others have to answer. */
  readonly timeoutMs: number
}

/** Decides whether the node that has the lease is to be the primary: the one that is furthest is. */
export class Election {
  readonly #options: ElectionOptions
  #deferredTo: NodeId | undefined
  #deferrals = 0

  constructor(options: ElectionOptions) {
    this.#options = options
  }

  /** Undefined when this node may go on; else the one that is to have the lease instead. */
  async betterThan(own: Position, shard: ShardRecord | undefined): Promise<NodeId | undefined> {
    const better = await this.#findBetter(own, shard)
    if (better === undefined) return undefined
    this.#deferrals = better === this.#deferredTo ? this.#deferrals + 1 : 1
    this.#deferredTo = better
    // it answers and yet does not take it: better this one than none
    return this.#deferrals > MAX_DEFERRALS ? undefined : better
  }

  async #findBetter(own: Position, shard: ShardRecord | undefined): Promise<NodeId | undefined> {
    if (shard === undefined) return undefined
    const others = [shard.primary, ...shard.replicas]
      .map(({ node }) => node)
      .filter((node) => node !== this.#options.node)
    const answers = await Promise.all([...new Set(others)].map((node) => this.#statusOf(node)))
    const candidates = answers.filter((answer) => answer?.isComplete === true) as Status[]
    let best: Status | undefined
    for (const candidate of candidates) {
      if (isFurther(candidate, best ?? own)) best = candidate
    }
    if (best !== undefined) return best.node
    const successor = candidates.find(({ node }) => node === shard.successor)
    return successor !== undefined && !isFurther(own, successor) ? successor.node : undefined
  }

  /** Undefined for one that does not answer in time. */
  async #statusOf(node: NodeId): Promise<Status | undefined> {
    const reply = await this.ask(node, { do: 'status' })
    return reply?.is === 'status' ? reply : undefined
  }

  async ask(node: NodeId, request: FeedRequest): Promise<FeedReply | undefined> {
    const { transport, subjectOf, timeoutMs, logger } = this.#options
    try {
      const options = { timeoutMs }
      const { payload } = await transport.request(
        subjectOf(node),
        requests.encode(request),
        options,
      )
      return replies.decode(payload)
    } catch (error) {
      logger.debug('a node does not answer', { node, error: String(error) })
      return undefined
    }
  }
}

/** Of two places in history the later one: by timeline first, for what an older one wrote is void. */
export function isFurther(a: Position, b: Position): boolean {
  if (a.timeline.epoch !== b.timeline.epoch) return a.timeline.epoch > b.timeline.epoch
  return a.sequence > b.sequence
}
