import { createIdGenerator, type Logger, silentLogger, type Timer } from '@ashlar/codec'
import type { KeyValue } from '@ashlar/transport'
import { Observer } from '../observe/events.ts'
import { Meters } from '../observe/metrics.ts'
import { Permits } from '../run/permits.ts'
import { Caller } from './caller.ts'
import { EventExchange } from './event-exchange.ts'
import { rendezvous } from './hash.ts'
import { Keeper } from './keeper.ts'
import { LeaseWatch } from './lease-watch.ts'
import { type LocalStore, openLocalStore } from './local-store.ts'
import { Membership } from './membership.ts'
import {
  type ClusterOptions,
  type ResolvedClusterOptions,
  resolveClusterOptions,
} from './options.ts'
import type { OwnedPartition, PartitionHost } from './owned-partition.ts'
import { Owners } from './owners.ts'
import { Topology } from './topology.ts'
import { Turnstile } from './turnstile.ts'

/** Logs that are read at a time: one is applied while the next is on its way. */
const READERS = 2
/** Longer than any process lives. */
const FOR_EVER_MS = 1e13

interface MemberParts {
  readonly options: ClusterOptions
  readonly resolved: ResolvedClusterOptions
  readonly kv: KeyValue
  readonly topology: Topology
  readonly local: LocalStore
  readonly logger: Logger
}

/** One process of a cluster: who else is there, which partitions fall to it, and those at work. */
export class Member {
  readonly options: ResolvedClusterOptions
  readonly id: string
  readonly observer: Observer
  readonly caller: Caller
  readonly topology: Topology
  readonly owners: Owners
  readonly host: PartitionHost
  readonly exchange: EventExchange
  readonly #events: NonNullable<ClusterOptions['events']>
  readonly #local: LocalStore
  readonly #membership: Membership
  readonly #leases: LeaseWatch
  readonly #keepers = new Map<number, Keeper>()
  #state: 'open' | 'closing' | 'closed' = 'open'
  #alive: Timer | undefined

  // Long on purpose: the wiring, each part after those that it needs.
  private constructor(parts: MemberParts) {
    const { options, resolved, kv, topology, local } = parts
    const { clock, random, worker, leaseTtlMs } = resolved
    this.options = resolved
    this.#local = local
    this.#events = options.events ?? {}
    this.id = createIdGenerator({ clock, random })()
    this.exchange = new EventExchange({
      transport: resolved.transport,
      subject: resolved.names.events,
      member: this.id,
      isWatched: () => this.#membership.isWatched,
      setWatching: (watching) => void this.#membership.setWatching(watching),
      onError: (error) => this.observer.error(error, 'events'),
    })
    const { exchange } = this
    this.observer = new Observer(this.#events, parts.logger, exchange)
    const onError = (error: unknown, where: string): void => this.observer.error(error, where)
    const onClusterError = (error: unknown): void => onError(error, 'cluster')
    this.owners = new Owners({ kv, clock, onError: onClusterError })
    this.#leases = new LeaseWatch({ kv, clock, onError: onClusterError })
    this.topology = topology
    topology.onChange(() => this.#regroup())
    this.#membership = new Membership({
      kv,
      id: this.id,
      worker,
      silenceMs: leaseTtlMs / 2,
      clock,
      onChange: () => {
        const workers = this.#membership.workers()
        this.observer.call(() => this.#events.onMembers?.({ workers }), 'onMembers')
        this.#rebalance()
      },
      onError: onClusterError,
    })
    const { owners } = this
    const scheduling = schedulingOf(options)
    this.host = {
      options: resolved,
      scheduling,
      store: local.store,
      permits: new Permits(resolved.concurrency),
      meters: new Meters(),
      owners,
      topology,
      leases: this.#leases,
      reading: new Turnstile(READERS),
      member: this.id,
      events: this.#events,
      feed: exchange,
      observer: this.observer,
      onError,
    }
    this.caller = new Caller({
      options: resolved,
      owners,
      topology,
      owned: (partition) => this.#keepers.get(partition)?.owned,
      isClosed: () => this.#state === 'closed',
    })
  }

  static async open(options: ClusterOptions): Promise<Member> {
    const resolved = resolveClusterOptions(options)
    const { transport, names, partitions, clock } = resolved
    const kv = await transport.kv(names.bucket)
    const topology = await Topology.open(kv, partitions)
    const local = await openLocalStore(options)
    const logger = options.logger ?? silentLogger
    const member = new Member({ options, resolved, kv, topology, local, logger })
    try {
      await Promise.all([member.#leases.start(), member.owners.start()])
      await topology.follow(clock, (error) => member.observer.error(error, 'cluster'))
      await member.#membership.start()
    } catch (error) {
      await member.close(0)
      throw error
    }
    if (options.keepAlive === true) {
      member.#alive = clock.setTimer(() => {}, FOR_EVER_MS, { keepAlive: true })
    }
    member.#rebalance()
    return member
  }

  get state(): 'open' | 'closing' | 'closed' {
    return this.#state
  }

  get workers(): string[] {
    return this.#membership.workers()
  }

  /** Partitions that this member works on. */
  get owned(): OwnedPartition[] {
    const owned = Array.from(this.#keepers.values(), (keeper) => keeper.owned)
    return owned.filter((one) => one !== undefined)
  }

  /** Lets go of everything: the others take over at once. Idempotent. */
  async close(drainMs: number): Promise<void> {
    if (this.#state !== 'open') return
    this.#state = 'closing'
    await this.#membership.leave()
    await Promise.all(Array.from(this.#keepers.values(), (keeper) => keeper.release(drainMs)))
    this.#state = 'closed'
    this.owners.stop()
    this.#leases.stop()
    this.topology.stop()
    this.#alive?.cancel()
    this.exchange.close()
    await this.#local.close()
  }

  /** Has the partitions that fall to this member, and lets go of the others. */
  #rebalance(): void {
    if (this.#state !== 'open') return
    for (const partition of this.topology.all) {
      const keeper = this.#keeperOf(partition)
      const candidates = this.#membership.candidates(partition)
      if (rendezvous(partition, candidates) === this.id) keeper.want()
      else void keeper.release(this.options.drainMs)
    }
  }

  /** There are, or are to be, more partitions. */
  #regroup(): void {
    this.owners.wake()
    this.#rebalance()
    const { due } = this.topology
    if (due !== undefined) this.#keepers.get(due.parent)?.splitIfDue()
  }

  #keeperOf(partition: number): Keeper {
    const known = this.#keepers.get(partition)
    if (known !== undefined) return known
    const keeper = new Keeper({
      host: this.host,
      partition,
      onRefused: (refused) => this.#membership.setRefused(partition, refused),
    })
    this.#keepers.set(partition, keeper)
    return keeper
  }
}

/** What each partition's scheduler is told. */
function schedulingOf(options: ClusterOptions): PartitionHost['scheduling'] {
  const {
    transport: _transport,
    namespace: _namespace,
    partitions: _partitions,
    createIfMissing: _createIfMissing,
    leaseTtlMs: _leaseTtlMs,
    callTimeoutMs: _callTimeoutMs,
    compactBytes: _compactBytes,
    path: _path,
    store: _store,
    keepAlive: _keepAlive,
    ...scheduling
  } = options
  return scheduling
}
