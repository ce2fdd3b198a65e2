import type { Clock, Logger, Random } from '@ashlar/codec'
import type { Store } from '@ashlar/lsm-store'
import { Acl } from '../acl/acl.ts'
import { Blocking } from '../clients/blocking.ts'
import type { Client, QueuedCommand } from '../clients/client.ts'
import { ClientMemory } from '../clients/client-memory.ts'
import { ClientRegistry } from '../clients/client-registry.ts'
import { Pause } from '../clients/pause.ts'
import { Tracking } from '../clients/tracking.ts'
import { ALL_COMMANDS } from '../commands/all.ts'
import { CommandTable } from '../commands/command-table.ts'
import type { Settings } from '../config/settings.ts'
import { isTlsSetting } from '../config/tls-directives.ts'
import { Downstream } from '../downstream/downstream.ts'
import { Eviction } from '../keyspace/eviction.ts'
import { Keyspace } from '../keyspace/keyspace.ts'
import { KeyspaceEvents } from '../keyspace/notifications.ts'
import { ModuleRegistry } from '../modules/module-registry.ts'
import type { Connection, ConnectionHost } from '../network/connection.ts'
import { Listeners } from '../network/listeners.ts'
import { Monitors } from '../observe/monitors.ts'
import { Timing } from '../observe/timing.ts'
import { BackgroundSave } from '../persistence/background-save.ts'
import type { Durability } from '../persistence/durability.ts'
import { Persistence } from '../persistence/persistence.ts'
import { Volatile } from '../persistence/volatile.ts'
import { ReplyMemory } from '../protocol/reply-memory.ts'
import { PubSub } from '../pubsub/pubsub.ts'
import { forgetNames } from '../replication/change-names.ts'
import { gateOf } from '../replication/lone-gate.ts'
import { Replication } from '../replication/replication.ts'
import { Scripting } from '../scripting/scripting.ts'
import { Upstream } from '../upstream/upstream.ts'
import { applySetting } from './apply-setting.ts'
import type { ServerContext } from './context.ts'
import { Executor } from './executor.ts'
import { Housekeeping } from './housekeeping.ts'
import { DirectClient, type InProcessClient, type InProcessHost } from './in-process.ts'
import { listenToKeys } from './listen-to-keys.ts'
import { openStore } from './open-store.ts'
import type { ResolvedOptions } from './options.ts'
import { Statistics } from './statistics.ts'
import { type Flushable, Turn } from './turn.ts'

/** How long close() waits for clients to take their last replies. */
const DRAIN_MS = 1000

interface DurabilityWaiter {
  readonly ticket: number
  readonly done: (failure: Error | undefined) => void
}

/** Wires everything together; RespServer is its public face. */
export class ServerCore implements ServerContext, ConnectionHost, InProcessHost {
  readonly keyspace: Keyspace
  readonly durability: Durability
  readonly settings: Settings
  readonly commands: CommandTable
  readonly clients: ClientRegistry = new ClientRegistry()
  readonly pubsub: PubSub = new PubSub()
  readonly blocking: Blocking
  readonly statistics: Statistics = new Statistics()
  readonly scripting: Scripting
  readonly acl: Acl
  readonly eviction: Eviction
  readonly timing: Timing
  readonly monitors: Monitors = new Monitors()
  readonly pause: Pause
  readonly tracking: Tracking = new Tracking()
  readonly snapshots: ServerContext['snapshots'] = new WeakMap()
  readonly backgroundSave: BackgroundSave = new BackgroundSave(this)
  readonly modules: ModuleRegistry
  readonly replication: Replication | undefined
  readonly upstream: Upstream
  readonly downstream: Downstream = new Downstream(this)
  gate: ServerContext['gate']
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly startedAt: number
  readonly runId: string
  readonly executor: Executor
  readonly turn: Turn
  readonly replyMemory: ReplyMemory = new ReplyMemory()
  readonly clientMemory: ClientMemory
  /** Connections and in-process clients see the server as commands do. */
  readonly context: ServerContext = this
  readonly #options: ResolvedOptions
  readonly #ownStore: Store | undefined
  readonly #connections = new Set<Connection>()
  readonly #listeners: Listeners
  #waiters: DurabilityWaiter[] = []
  #closing: Promise<void> | undefined
  #onEmpty: (() => void) | undefined
  readonly #housekeeping: Housekeeping

  private constructor(options: ResolvedOptions, store: Store | undefined) {
    this.#options = options
    this.settings = options.settings
    this.clock = options.clock
    this.random = options.random
    this.runId = Buffer.from(options.random.bytes(20)).toString('hex')
    this.logger = options.logger
    this.startedAt = options.clock.now()
    this.#ownStore = options.store === undefined ? store : undefined
    const { databases, appendfsync: appendFsync } = options.settings
    this.modules = new ModuleRegistry(this, options.modules)
    this.durability =
      store === undefined
        ? new Volatile(databases, this.startedAt)
        : new Persistence({
            store,
            databases,
            appendFsync,
            clock: this.clock,
            logger: this.logger,
            moduleTypes: this.modules.types,
            follows: options.replication !== undefined,
          })
    this.turn = new Turn(this.durability)
    this.commands = new CommandTable(
      [...ALL_COMMANDS, ...this.modules.commands],
      this.modules.categories,
    )
    this.blocking = new Blocking(options.clock)
    const tables = this.durability.tables.slice(0, databases)
    const events = new KeyspaceEvents((channel, message) => this.pubsub.publish(channel, message))
    events.publishes(options.settings.notifyKeyspaceEvents)
    this.keyspace = new Keyspace(
      options.clock,
      this.durability.changes,
      tables,
      events,
      options.settings,
      options.random,
    )
    this.eviction = new Eviction(this.keyspace, options.settings, this.durability, options.random)
    this.acl = new Acl(this)
    this.timing = new Timing(options.settings, options.clock)
    this.pause = new Pause(options.clock)
    this.scripting = new Scripting(this)
    this.executor = new Executor(this, (client) => client.transport.close('now'))
    this.keyspace.accesses.countsUses = options.settings.maxmemoryPolicy.endsWith('lfu')
    this.scripting.libraries.recover(this.durability.libraries)
    this.replication = Replication.of(options.replication, this)
    this.gate = gateOf(this)
    this.clientMemory = new ClientMemory(options.settings, this.statistics, (client, bytes) => {
      this.logger.info('evicting a client', { address: client.transport.address, bytes })
      this.clientClosed(client)
    })
    this.upstream = new Upstream(this)
    this.#listeners = this.#createListeners()
    this.#housekeeping = new Housekeeping(this, this.#connections)
    this.#wire()
    if (this.replication === undefined) this.upstream.recover()
  }

  static async open(options: ResolvedOptions): Promise<ServerCore> {
    const core = new ServerCore(options, await openStore(options))
    try {
      core.downstream.resume()
      if (options.replication === undefined) await forgetNames(core.durability)
      await core.modules.start()
      await options.prepare?.(core)
      await core.#listeners.open()
      await core.replication?.start()
      core.upstream.start()
    } catch (error) {
      await core.close()
      throw error
    }
    if (core.durability instanceof Persistence) core.durability.start()
    core.#housekeeping.start()
    return core
  }

  get port(): number {
    return this.#listeners.port
  }

  get tlsPort(): number {
    return this.#listeners.tlsPort
  }

  get isReplica(): boolean {
    return this.replication?.isPrimary === false || this.upstream.isFollowing
  }

  call(client: Client, queued: QueuedCommand): void {
    this.executor.callQueued(client, queued)
  }

  createClient(): InProcessClient {
    return new DirectClient(this)
  }

  whenDurable(ticket: number, done: (failure: Error | undefined) => void): void {
    this.#waiters.push({ ticket, done })
  }

  endOfTurn(): void {
    this.turn.end()
  }

  flushLater(target: Flushable): void {
    this.turn.flushLater(target)
  }

  serveWhileBusy(caller: Client): void {
    this.turn.sendWhileBusy(this.scripting.runner.separable)
    for (const connection of this.#connections) {
      if (connection.client !== caller) connection.serveWhileBusy()
    }
  }

  trackingChanged(): void {
    this.listenersChanged()
  }

  listenersChanged(): void {
    listenToKeys(this)
  }

  endOfWork(): void {
    this.modules.changes.deliver()
    if (this.blocking.hasReady) this.blocking.serveReady()
    this.modules.changes.deliver()
    if (this.tracking.isOn) this.tracking.flush()
    if (this.downstream.isOn) this.downstream.endOfUnit()
    this.durability.endOfCommand()
    this.turn.end()
  }

  settingChanged(name: keyof Settings): void {
    if (isTlsSetting(name)) this.#listeners.renew()
    else if (name === 'maxmemory' || name === 'maxmemoryClients') {
      this.clientMemory.settingsChanged(this.#connections)
    }
    applySetting(this, name)
  }

  listenAs(apply: (settings: Settings) => void): Promise<void> {
    return this.#listeners.change(apply)
  }

  closed(connection: Connection): void {
    this.#connections.delete(connection)
    this.clientClosed(connection.client)
    if (this.#connections.size === 0) this.#onEmpty?.()
  }

  clientClosed(client: Client): void {
    client.isClosing = true
    this.blocking.release(client)
    this.pubsub.unsubscribeAll(client)
    client.unwatch()
    this.clients.remove(client)
    this.clientMemory.forget(client)
    this.monitors.delete(client)
    this.pause.forget(client)
    this.tracking.disable(client)
    this.downstream.roster.forget(client)
  }

  shutdown(save: boolean): Promise<void> {
    if (this.scripting.runner.run !== undefined) {
      // half a script must not be written
      this.scripting.runner.abort()
      this.durability.abandon()
      this.downstream.breakOff('a script is cut off half-way')
    }
    return this.close(save).then(() => this.#options.onShutdown?.())
  }

  close(save = true): Promise<void> {
    this.#closing ??= this.#close(save)
    return this.#closing
  }

  #wire(): void {
    const { durability, keyspace, blocking } = this
    keyspace.onKeyReady = blocking.keyReady
    keyspace.onExpired = () => this.endOfWork()
    this.listenersChanged()
    this.pause.onOver = (postponed) => {
      keyspace.holdsExpired = this.isReplica
      keyspace.scheduleExpiry()
      for (const { client, args } of postponed) {
        if (client.isClosing) continue
        blocking.release(client)
        this.executor.execute(client, args)
        client.transport.flush()
        client.transport.resume()
      }
      this.turn.end()
    }
    blocking.onServed = (...served) => this.executor.served(...served)
    blocking.onTimeout = () => this.turn.end()
    durability.onUnwritten = () => this.turn.writeLater()
    durability.onDurable = () => this.#releaseHeld()
    durability.onRelieved = () => {
      for (const connection of this.#connections) connection.unpause()
      this.upstream.relieve()
    }
    durability.onKeysLoaded = () => keyspace.scheduleExpiry()
    keyspace.scheduleExpiry()
  }

  #createListeners(): Listeners {
    const { settings, readPath, listensOnTcp, tls } = this.#options
    return new Listeners({
      host: this,
      settings,
      readPath,
      listensOnTcp,
      tls,
      onConnection: this.#connected,
      refuse: this.#refuse,
    })
  }

  readonly #connected = (connection: Connection): void => {
    this.statistics.connections += 1
    this.#connections.add(connection)
    this.clients.add(connection.client)
  }

  readonly #refuse = (beginning: number): string | undefined => {
    if (this.#closing !== undefined) return 'ERR server is shutting down'
    if (this.#connections.size + beginning < this.settings.maxclients) return undefined
    this.statistics.rejectedConnections += 1
    return 'ERR max number of clients reached'
  }

  #releaseHeld(): void {
    const { durable, failure } = this.durability
    for (const connection of this.#connections) {
      if (!connection.isHolding) continue
      // what could not be made durable is never acknowledged
      if (failure !== undefined) connection.close('now')
      else connection.release(durable)
    }
    this.downstream.release()
    this.turn.end()
    const waiters = this.#waiters
    this.#waiters = []
    for (const waiter of waiters) {
      if (failure !== undefined) waiter.done(failure)
      else if (waiter.ticket <= durable) waiter.done(undefined)
      else this.#waiters.push(waiter)
    }
  }

  async save(): Promise<void> {
    const { dirty } = this.keyspace
    await this.durability.save()
    this.keyspace.savedDirty = dirty
  }

  async #close(save: boolean): Promise<void> {
    this.#housekeeping.stop()
    this.keyspace.stop()
    this.pause.stop()
    await this.modules.stop()
    this.#listeners.close()
    this.turn.end()
    await this.replication?.close()
    await this.upstream.close()
    await this.backgroundSave.close()
    if (save) await this.save().catch(() => {})
    this.downstream.close()
    await this.#drain()
    for (const client of this.clients.all()) client.transport.close('now')
    await this.durability.close(this.downstream.end())
    await this.#ownStore?.close()
  }

  /** Gives every connection the time to take what was written for it. */
  async #drain(): Promise<void> {
    if (this.#connections.size === 0) return
    for (const connection of this.#connections) {
      // replicas end by themselves, when they have everything
      if (this.downstream.of(connection.client) === undefined) connection.close('after-reply')
    }
    await new Promise<void>((resolve) => {
      const timer = this.clock.setTimer(resolve, DRAIN_MS, { keepAlive: true })
      this.#onEmpty = () => {
        timer.cancel()
        resolve()
      }
      this.turn.end()
      if (this.#connections.size === 0) this.#onEmpty()
    })
    for (const connection of this.#connections) connection.close('now')
  }
}
