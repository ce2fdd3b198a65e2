import { isTransportError, type Lease, type Message, type Responder } from '@ashlar/transport'
import { Cluster } from '../cluster/cluster.ts'
import { lacking } from '../modules/module-versions.ts'
import { Persistence } from '../persistence/persistence.ts'
import type { ServerContext } from '../server/context.ts'
import { Broadcast } from './broadcast.ts'
import type { BucketWatch } from './bucket-watch.ts'
import { Candidacy } from './candidacy.ts'
import { ChangeNames } from './change-names.ts'
import { Election } from './election.ts'
import { Feed, type FollowerStatus } from './feed.ts'
import { type FeedReply, MAX_MESSAGE_BYTES, replies, requests } from './feed-messages.ts'
import type { FollowerLink } from './follower-link.ts'
import { Following } from './following.ts'
import { Gate } from './gate.ts'
import { Handover } from './handover.ts'
import type { Member, ShardRecord } from './member.ts'
import { Reign } from './reign.ts'
import type { ResolvedReplication } from './replication-options.ts'
import {
  createTimeline,
  encodeState,
  type Position,
  positionOf,
  REPLICATION_KEY,
  readState,
} from './replication-state.ts'
import { ShardBoard } from './shard-board.ts'
import { WriteWaits } from './write-waits.ts'

/** How often the primary looks whether what it publishes is still so. */
const PUBLISH_MS = 500
/** What a message has beside the part of a block. */
const MESSAGE_OVERHEAD = 4096
const UNBLOCKED =
  'UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)'

/**
 * One node of a group. It follows the primary, and asks for the lease meanwhile; with the lease it
 * becomes the primary, unless another node is further. docs/replication.md has the rules.
 */
export class Replication {
  readonly options: ResolvedReplication
  readonly gate: Gate
  /** There when the group is one of a cluster. */
  readonly cluster: Cluster | undefined
  readonly handover: Handover
  readonly writeWaits: WriteWaits
  readonly broadcast: Broadcast
  readonly #server: ServerContext
  readonly #persistence: Persistence
  readonly #board: ShardBoard
  readonly #election: Election
  readonly #candidacy: Candidacy
  readonly #stop = new AbortController()
  readonly #following: Following
  #primary: Reign | undefined
  /** While this node is the primary. */
  #names: ChangeNames | undefined
  #shard: ShardRecord | undefined
  #responder: Responder | undefined
  #watch: BucketWatch | undefined
  #running: Promise<void> | undefined
  /** The record is to be published anew: a node has begun to follow. */
  #publishSoon: (() => void) | undefined
  /** Ends the time as the primary. */
  #endReign: (() => void) | undefined

  static of(
    options: ResolvedReplication | undefined,
    server: ServerContext,
  ): Replication | undefined {
    const { durability } = server
    if (options === undefined || !(durability instanceof Persistence)) return undefined
    return new Replication(options, server, durability)
  }

  private constructor(
    options: ResolvedReplication,
    server: ServerContext,
    persistence: Persistence,
  ) {
    this.options = options
    this.#server = server
    this.#persistence = persistence
    this.gate = new Gate(this, server.settings)
    this.cluster = options.cluster ? new Cluster(this, server) : undefined
    this.handover = new Handover(server, this)
    this.writeWaits = new WriteWaits(this)
    this.broadcast = new Broadcast(options, server)
    this.#following = new Following({
      server,
      persistence,
      replication: options,
      self: () => this.self,
      subjectOf: (node) => this.#subjectOf(node),
      onError: (error) => this.#failed(error),
    })
    this.#board = new ShardBoard(options.transport, `resp-${options.name}`, options.group)
    this.#election = new Election({
      transport: options.transport,
      logger: server.logger,
      node: options.node,
      subjectOf: (node) => this.#subjectOf(node),
      timeoutMs: Math.min(1000, options.leaseTtlMs / 4),
    })
    this.#candidacy = new Candidacy({
      server,
      replication: options,
      board: this.#board,
      election: this.#election,
      following: this.#following,
      signal: this.#stop.signal,
      onLost: (error) => {
        server.logger.warn('the lease is lost', { error: error.message })
        this.#endReign?.()
      },
    })
    server.keyspace.holdsExpired = true
  }

  get isPrimary(): boolean {
    return this.#primary !== undefined
  }

  /** Surely the only primary at this moment, by the clock of this machine. */
  get isWritable(): boolean {
    return this.#primary?.lease.held === true
  }

  get isComplete(): boolean {
    return this.#primary !== undefined || this.#following.store.isComplete
  }

  get position(): Position {
    const primary = this.#primary
    if (primary === undefined) return this.#following.store.position
    return { timeline: primary.timeline, sequence: this.#persistence.store.lastSequence }
  }

  get followers(): FollowerStatus[] {
    return this.#primary?.feed.followers ?? []
  }

  /** Replicas that have everything up to the sequence. None counts for one who may be deposed. */
  countApplied(sequence: number): number {
    return this.isWritable ? (this.#primary?.countApplied(sequence) ?? 0) : 0
  }

  /** Replicas that follow and were heard of within the time. */
  countWithin(milliseconds: number): number {
    return this.#primary?.feed.countWithin(milliseconds) ?? 0
  }

  /** Makes the store hold everything executed so far, and answers up to where it goes. */
  currentSequence(): number {
    this.#persistence.writeOut()
    return this.#persistence.store.lastSequence
  }

  /** How far the log of this node's store goes, and how far back. */
  get log(): { readonly oldestChange: number; readonly lastSequence: number } {
    return this.#persistence.store
  }

  get link(): FollowerLink | undefined {
    return this.#following.link
  }

  get shard(): ShardRecord | undefined {
    return this.#shard
  }

  get self(): Member {
    const { node, announce } = this.options
    const { settings, port } = this.#server
    const host = announce.host ?? settings.bind[0] ?? '127.0.0.1'
    return { node, address: { host, port: announce.port ?? port } }
  }

  /** Begins to follow and to ask for the lease. The server listens already. */
  async start(): Promise<void> {
    const { transport, node } = this.options
    const onError = (error: unknown): void => this.#failed(error)
    await this.#following.store.settle()
    this.cluster?.start()
    this.broadcast.start()
    this.#responder = transport.respond(this.#subjectOf(node), this.#respond, { onError })
    this.#watch = this.#board.watch(this.#server.clock, this.#shardChanged, onError)
    this.#running = this.#run()
  }

  /** Takes the lease as soon as nobody has it, whatever others hold. */
  force(): void {
    this.#candidacy.force()
  }

  /** A module listens to changed keys. */
  needNames(): void {
    if (this.#names === undefined) this.#following.needNames()
    else if (!this.#names.isOn) this.#names.need().catch((error: unknown) => this.#failed(error))
  }

  /** Makes another node the primary; this one has stopped writing. */
  async handOver(successor: string): Promise<void> {
    const primary = this.#primary
    if (primary === undefined) return
    await this.#board.write({ ...primary.record(), successor })
    await primary.lease.release()
    this.#endReign?.()
    await this.#election.ask(successor, { do: 'take' })
  }

  async close(): Promise<void> {
    this.#stop.abort(new Error('the server is closing'))
    this.handover.close()
    this.#endReign?.()
    this.#candidacy.hurry()
    await this.#running
    await this.#following.stop()
    await this.#watch?.close()
    await this.cluster?.close()
    await this.broadcast.close()
    await this.#responder?.stop()
    this.#following.close()
  }

  // ---- the lease

  /** Never rejects. */
  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        const lease = await this.#candidacy.seek()
        if (lease === undefined) await this.#candidacy.rest()
        else await this.#reign(lease)
      } catch (error) {
        if (this.#stop.signal.aborted) return
        this.#failed(error)
        await this.#candidacy.rest()
      }
    }
  }

  /** The time from having the lease to having lost it. */
  async #reign(lease: Lease): Promise<void> {
    const { promise: ended, resolve } = Promise.withResolvers<void>()
    let isOver = false
    this.#endReign = () => {
      isOver = true
      resolve()
    }
    try {
      await this.#becomePrimary(lease)
      while (this.#primary !== undefined && !isOver && lease.held) {
        const next = Promise.withResolvers<void>()
        this.#publishSoon = next.resolve
        await this.#primary.publish(this.#board)
        this.#progressed() // who is named in the record counts from now on
        const timer = this.#server.clock.setTimer(next.resolve, PUBLISH_MS)
        await Promise.race([next.promise, ended])
        timer.cancel()
      }
    } finally {
      this.#endReign = undefined
      this.#publishSoon = undefined
      await this.#becomeFollower()
      await lease.release().catch((error: unknown) => this.#failed(error))
    }
  }

  // ---- roles

  async #becomePrimary(lease: Lease): Promise<void> {
    await this.#following.stop()
    const { store } = this.#persistence
    const before = readState(store)
    const { sequence } = positionOf(before, store)
    const timeline = createTimeline(lease.epoch, this.#server.random)
    const ancestor = { id: before.timeline.id, upTo: sequence, isOwn: before.isOwn }
    const { keyspace, logger, modules } = this.#server
    const namedSince = modules.changes.hasListeners
      ? (before.namedSince ?? store.lastSequence)
      : undefined
    const whole = { sequence: undefined, isOwn: true, isComplete: true }
    const state = { ...whole, timeline, ancestor, namedSince }
    await this.#persistence.write(store.batch().put(REPLICATION_KEY, encodeState(state)))
    const names = new ChangeNames(this.#persistence, keyspace, namedSince)
    const feed = this.#createFeed(names)
    const primary = new Reign({
      lease,
      feed,
      timeline,
      before: before.timeline.epoch,
      self: this.self,
      modules: modules.versions,
    })
    await primary.publish(this.#board)
    if (!lease.held || this.#stop.signal.aborted) {
      feed.close()
      return
    }
    this.#following.release(this.#persistence.lead())
    keyspace.holdsExpired = false
    keyspace.scheduleExpiry()
    this.#primary = primary
    this.#names = names
    modules.roleChanged()
    logger.info('this server is the primary', { epoch: lease.epoch, from: sequence })
    this.#progressed()
  }

  async #becomeFollower(): Promise<void> {
    const { keyspace, logger, clients, blocking, modules } = this.#server
    const primary = this.#primary
    this.#primary = undefined
    this.#names = undefined
    primary?.feed.close()
    if (primary !== undefined) {
      keyspace.holdsExpired = true
      for (const client of clients.all()) blocking.unblock(client, UNBLOCKED)
      modules.roleChanged()
      this.#progressed()
      this.#server.endOfTurn()
      logger.info('this server is not the primary any more', { epoch: primary.timeline.epoch })
    }
    await this.#following.begin(primary !== undefined)
    this.#following.follow(this.#shard)
  }

  /** A follower told how far it is, or the role changed. */
  #progressed(): void {
    this.writeWaits.check()
    this.handover.check()
  }

  #createFeed(names: ChangeNames): Feed {
    const { clock, random, logger, statistics, modules } = this.#server
    const { maxPayloadBytes } = this.options.transport.supports
    return new Feed({
      store: this.#persistence.store,
      clock,
      random,
      logger,
      statistics,
      names,
      modules: modules.versions,
      partBytes: Math.min(maxPayloadBytes, MAX_MESSAGE_BYTES) - MESSAGE_OVERHEAD,
      onApplied: () => this.#progressed(),
      onOpened: () => this.#publishSoon?.(),
    })
  }

  // ---- what others are told, and tell

  readonly #shardChanged = (record: ShardRecord): void => {
    if (record.epoch < (this.#shard?.epoch ?? 0)) return
    this.#shard = record
    if (this.#primary !== undefined && record.epoch > this.#primary.timeline.epoch) {
      this.#endReign?.()
    } else this.#following.follow(this.#shard)
  }

  readonly #respond = async ({ payload }: Message): Promise<Uint8Array> =>
    replies.encode(await this.#answer(payload))

  async #answer(payload: Uint8Array): Promise<FeedReply> {
    const request = requests.decode(payload)
    if (request.do === 'status') {
      const { node } = this.options
      const lack = lacking(this.#server.modules.versions, this.#shard?.modules)
      const isComplete = this.isComplete && lack === undefined
      return { is: 'status', node, ...this.position, isComplete }
    }
    if (request.do === 'take') {
      this.#candidacy.hurry()
      return { is: 'ok' }
    }
    const feed = this.#primary?.feed
    if (feed === undefined || !this.isWritable) return { is: 'refused' }
    return request.do === 'open' ? await feed.open(request) : await feed.next(request)
  }

  #subjectOf(node: string): string {
    const { name, group } = this.options
    return `resp.${name}.${group}.${node}`
  }

  #failed(error: unknown): void {
    if (this.#stop.signal.aborted || isTransportError(error, 'ABORTED')) return
    this.#server.logger.warn('replication', { error: String(error) })
  }
}
