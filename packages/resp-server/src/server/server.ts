import type { Clock, Logger, Random } from '@ashlar/codec'
import { Store } from '@ashlar/lsm-store'
import { Acl } from '../acl/acl.ts'
import { Blocking } from '../clients/blocking.ts'
import type { Client, QueuedCommand } from '../clients/client.ts'
import { ClientRegistry } from '../clients/client-registry.ts'
import { Pause } from '../clients/pause.ts'
import { Tracking } from '../clients/tracking.ts'
import { ALL_COMMANDS } from '../commands/all.ts'
import { CommandTable } from '../commands/command-table.ts'
import type { Settings } from '../config/settings.ts'
import { Eviction } from '../keyspace/eviction.ts'
import { Keyspace } from '../keyspace/keyspace.ts'
import { KeyspaceEvents } from '../keyspace/notifications.ts'
import type { Connection, ConnectionHost } from '../network/connection.ts'
import { Listener } from '../network/listener.ts'
import { Monitors } from '../observe/monitors.ts'
import { Timing } from '../observe/timing.ts'
import { type Durability, Persistence } from '../persistence/persistence.ts'
import { Volatile } from '../persistence/volatile.ts'
import type { RespValue } from '../protocol/value-writer.ts'
import { PubSub } from '../pubsub/pubsub.ts'
import { exportRdb, type ImportedRdb, importRdb } from '../rdb/move-data.ts'
import { Scripting } from '../scripting/scripting.ts'
import type { ServerContext } from './context.ts'
import { Executor } from './executor.ts'
import {
  type CommandArgument,
  DirectClient,
  type ExecuteOptions,
  type InProcessClient,
  type InProcessHost,
} from './in-process.ts'
import type { ResolvedOptions } from './options.ts'
import { Statistics } from './statistics.ts'
import { Turn } from './turn.ts'

/** How long close() waits for clients to take their last replies. */
const DRAIN_MS = 1000
/** How often idle clients and silent outputs are looked at. */
const HOUSEKEEPING_MS = 1000

interface DurabilityWaiter {
  readonly ticket: number
  readonly done: (failure: Error | undefined) => void
}

/** Wires everything together; the public face is RespServer. */
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
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly startedAt: number
  readonly runId: string
  readonly executor: Executor
  readonly turn: Turn
  /** Connections and in-process clients see the server as commands do. */
  readonly context: ServerContext = this
  readonly #options: ResolvedOptions
  readonly #ownStore: Store | undefined
  readonly #connections = new Set<Connection>()
  #listeners: Listener[] = []
  #waiters: DurabilityWaiter[] = []
  #closing: Promise<void> | undefined
  #onEmpty: (() => void) | undefined
  #stopHousekeeping: (() => void) | undefined

  private constructor(options: ResolvedOptions, store: Store | undefined) {
    this.#options = options
    this.settings = options.settings
    this.clock = options.clock
    this.random = options.random
    this.runId = Buffer.from(options.random.bytes(20)).toString('hex')
    this.logger = options.logger
    this.startedAt = options.clock.now()
    this.#ownStore = options.store === undefined ? store : undefined
    const { databases, appendfsync } = options.settings
    this.durability =
      store === undefined
        ? new Volatile(databases, this.startedAt)
        : new Persistence({
            store,
            databases,
            appendFsync: appendfsync,
            clock: options.clock,
            logger: options.logger,
          })
    this.turn = new Turn(this.durability)
    this.commands = new CommandTable(ALL_COMMANDS)
    this.blocking = new Blocking(options.clock)
    const tables = this.durability.tables.slice(0, databases)
    const events = new KeyspaceEvents((channel, message) => this.pubsub.publish(channel, message))
    events.mask = options.settings.notifyKeyspaceEvents
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
    this.#wire()
    this.scripting.libraries.recover(this.durability.libraries)
  }

  static async open(options: ResolvedOptions): Promise<ServerCore> {
    const { path, clock, logger } = options
    const store =
      options.store ?? (path === undefined ? undefined : await Store.open(path, { clock, logger }))
    const core = new ServerCore(options, store)
    try {
      await options.prepare?.(core)
      await core.#listen()
    } catch (error) {
      await core.close()
      throw error
    }
    if (core.durability instanceof Persistence) core.durability.start()
    core.#housekeep()
    return core
  }

  /** The first TCP port that is listened on, 0 without one. */
  get port(): number {
    return this.#listeners.find((listener) => listener.port !== undefined)?.port ?? 0
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

  serveWhileBusy(caller: Client): void {
    for (const connection of this.#connections) {
      if (connection.client !== caller) connection.serveWhileBusy()
    }
  }

  trackingChanged(): void {
    const { keyspace, tracking } = this
    const isOn = tracking.isOn
    keyspace.onKeyChanged = isOn ? (key) => tracking.keyChanged(key, keyspace.changedBy) : undefined
    keyspace.onFlushed = isOn ? () => tracking.allChanged(this.clients.all()) : undefined
  }

  settingChanged(name: keyof Settings): void {
    if (name === 'appendfsync') this.durability.appendFsync = this.settings.appendfsync
    else if (name === 'notifyKeyspaceEvents') {
      this.keyspace.events.mask = this.settings.notifyKeyspaceEvents
    } else if (name === 'requirepass') this.acl.setDefaultPassword(this.settings.requirepass)
    else if (name === 'trackingTableMaxKeys')
      this.tracking.limit(this.settings.trackingTableMaxKeys)
    this.timing.settingsChanged()
    this.keyspace.accesses.countsUses = this.settings.maxmemoryPolicy.endsWith('lfu')
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
    this.monitors.delete(client)
    this.pause.forget(client)
    this.tracking.disable(client)
  }

  shutdown(save: boolean): Promise<void> {
    if (this.scripting.runner.run !== undefined) {
      // half a script must not be written
      this.scripting.runner.abort()
      this.durability.abandon()
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
    keyspace.onExpired = () => {
      this.tracking.flush()
      durability.endOfCommand()
      this.turn.end()
    }
    this.pause.onOver = (postponed) => {
      keyspace.holdsExpired = false
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
    blocking.onTimeout = () => this.turn.end()
    durability.onDurable = () => this.#releaseHeld()
    durability.onRelieved = () => {
      for (const connection of this.#connections) connection.unpause()
    }
    durability.onKeysLoaded = () => keyspace.scheduleExpiry()
    keyspace.scheduleExpiry()
  }

  async #listen(): Promise<void> {
    const { settings, readPath, listensOnTcp } = this.#options
    const open = (target: Parameters<typeof Listener.open>[1]): Promise<Listener> =>
      Listener.open(this, target, readPath, this.#connected, this.#refuse)
    if (listensOnTcp) {
      for (const host of settings.bind) {
        const port = this.port === 0 ? settings.port : this.port
        this.#listeners.push(await open({ host, port }))
      }
    }
    if (settings.unixsocket !== '') {
      const pathMode = settings.unixsocketperm
      this.#listeners.push(await open({ path: settings.unixsocket, pathMode }))
    }
    if (this.port !== 0) settings.port = this.port
  }

  readonly #connected = (connection: Connection): void => {
    this.statistics.connections += 1
    this.#connections.add(connection)
    this.clients.add(connection.client)
  }

  readonly #refuse = (): string | undefined => {
    if (this.#closing !== undefined) return 'ERR server is shutting down'
    if (this.#connections.size < this.settings.maxclients) return undefined
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
    this.turn.end()
    const waiters = this.#waiters
    this.#waiters = []
    for (const waiter of waiters) {
      if (failure !== undefined) waiter.done(failure)
      else if (waiter.ticket <= durable) waiter.done(undefined)
      else this.#waiters.push(waiter)
    }
  }

  #housekeep(): void {
    const timer = this.clock.setTimer(() => {
      const { timeoutSeconds } = this.settings
      const oldest = this.clock.now() - timeoutSeconds * 1000
      for (const { client } of timeoutSeconds > 0 ? this.#connections : []) {
        const isIdle = client.lastInteraction < oldest && client.blocked === undefined
        if (isIdle && !client.isSubscriber) client.transport.close('now')
      }
      this.#housekeep()
    }, HOUSEKEEPING_MS)
    this.#stopHousekeeping = () => timer.cancel()
  }

  async #close(save: boolean): Promise<void> {
    this.#stopHousekeeping?.()
    this.keyspace.stop()
    this.pause.stop()
    for (const listener of this.#listeners) listener.close()
    this.turn.end()
    if (save) await this.durability.save().catch(() => {})
    await this.#drain()
    for (const client of this.clients.all()) client.transport.close('now')
    await this.durability.close()
    await this.#ownStore?.close()
  }

  /** Gives every connection the time to take what was written for it. */
  async #drain(): Promise<void> {
    if (this.#connections.size === 0) return
    for (const connection of this.#connections) connection.close('after-reply')
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

/** A running server. */
export class RespServer {
  readonly #core: ServerCore
  #client: InProcessClient | undefined

  /** @internal use {@link createServer} */
  constructor(core: ServerCore) {
    this.#core = core
  }

  /** Where clients connect: undefined parts are not listened on. */
  get address(): { readonly host?: string; readonly port?: number; readonly path?: string } {
    const { settings, port } = this.#core
    return {
      ...(port !== 0 && { host: settings.bind[0] as string, port }),
      ...(settings.unixsocket !== '' && { path: settings.unixsocket }),
    }
  }

  /** Runs a command on a session that the server keeps for these calls. See InProcessClient. */
  execute(args: readonly CommandArgument[], options?: ExecuteOptions): Promise<RespValue> {
    this.#client ??= this.createClient()
    return this.#client.execute(args, options)
  }

  /** A session of its own, for transactions, subscriptions and blocking commands. */
  createClient(): InProcessClient {
    return this.#core.createClient()
  }

  /**
   * Sets every key and function library of an RDB file of Redis 2.6 to 7.4, over what has the same
   * name. Durable when it resolves. Clients are served in between, and see it come in.
   *
   * Rejects with RespServerError `RDB_INVALID` when the file is damaged or cannot be read: the keys
   * that stood before the damage are set then.
   */
  importRdb(path: string): Promise<ImportedRdb> {
    return importRdb(this.#core, path)
  }

  /**
   * Writes everything to an RDB file that Redis 7.0 and later load, as it is at this moment: like
   * Redis' SAVE it runs to the end before anything else does. The file is there whole or not at
   * all. Answers its size in bytes; throws the error of the file system.
   */
  exportRdb(path: string): number {
    return exportRdb(this.#core, path)
  }

  /** Accepts no more, lets clients take their replies, makes everything durable, and ends. */
  close(): Promise<void> {
    return this.#core.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
