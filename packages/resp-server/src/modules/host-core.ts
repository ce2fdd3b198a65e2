import type { Clock, Logger, Random, Timer } from '@ashlar/codec'
import { ReplyError, RespServerError } from '../errors.ts'
import type { Database } from '../keyspace/database.ts'
import type { EventClass } from '../keyspace/notifications.ts'
import type { RespValue } from '../protocol/value-writer.ts'
import type { ServerContext } from '../server/context.ts'
import type { CommandArgument, InProcessClient } from '../server/in-process.ts'
import type { ChangeFilter, ChangeListener } from './change-feed.ts'
import { type CursorOptions, CursorTable } from './cursors.ts'
import { KeyAccess, type Keys } from './keys.ts'
import type { ModuleParameter } from './module.ts'
import type {
  KeyEvent,
  ModuleHost,
  ModuleRecords,
  ModuleTimer,
  ScanOptions,
} from './module-host.ts'
import { scanKeys } from './scan-keys.ts'
import { type WorkerPool, type WorkerPoolOptions, Workers } from './worker-pool.ts'

/** How soon a timer looks again whether keys can be changed. */
const PUT_OFF_MS = 250
const ONLY_READS = 'READONLY a module reads keys here and may not change them'

/** {@link ModuleHost} of a module. */
export class HostCore implements ModuleHost {
  readonly records: Records
  readonly #server: ServerContext
  readonly #name: string
  readonly #parameters: ReadonlyMap<string, ModuleParameter>
  readonly #timers = new Set<Timer>()
  readonly #workers: Workers[] = []
  readonly #cursors: { clear(): void }[] = []
  readonly #closing = new AbortController()
  readonly #roleListeners: ((isPrimary: boolean) => void)[] = []
  readonly #recordListeners: ((name: string, value: string | undefined) => void)[] = []
  readonly #replaceListeners: (() => void)[] = []
  #client: InProcessClient | undefined

  constructor(
    server: ServerContext,
    name: string,
    parameters: ReadonlyMap<string, ModuleParameter>,
    stored: ReadonlyMap<string, string>,
  ) {
    this.#server = server
    this.#name = name
    this.#parameters = parameters
    this.records = new Records(server, name, stored)
  }

  get clock(): Clock {
    return this.#server.clock
  }

  get logger(): Logger {
    return this.#server.logger
  }

  get random(): Random {
    return this.#server.random
  }

  get databases(): number {
    return this.#server.keyspace.databases.length
  }

  parameter(name: string): string {
    const full = `${this.#name}.${name}`
    const parameter = this.#parameters.get(full)
    if (parameter === undefined) throw new RangeError(`there is no parameter '${full}'`)
    return this.#server.settings.moduleParameters[full] ?? parameter.default
  }

  get isPrimary(): boolean {
    return !this.#server.isReplica
  }

  get isWritable(): boolean {
    const { durability, gate } = this.#server
    return durability.failure === undefined && gate?.refuseWrite() === undefined
  }

  perform<T>(work: (keys: Keys) => T, database = 0): T {
    const server = this.#server
    const keys = new KeyAccess(this.#database(database), () => server.modules.refusal)
    if (server.modules.isInside) return work(keys)
    const { failure } = server.durability
    if (failure !== undefined) {
      throw new RespServerError('STORE_FAILED', 'the store has failed', { cause: failure })
    }
    const refusal = server.gate?.refuseWrite()
    if (refusal !== undefined) throw new ReplyError(refusal)
    return this.#alone(() => work(keys))
  }

  read<T>(work: (keys: Keys) => T, database = 0): T {
    const keys = new KeyAccess(this.#database(database), () => ONLY_READS)
    return this.#server.modules.isInside ? work(keys) : this.#alone(() => work(keys))
  }

  /** Outside of any command. */
  #alone<T>(work: () => T): T {
    const server = this.#server
    server.keyspace.refreshTime()
    try {
      return this.inside(work)
    } finally {
      server.endOfWork()
    }
  }

  /** Runs what belongs to a command or to other work that somebody else ends. */
  inside<T>(work: () => T): T {
    const { modules } = this.#server
    const before = modules.isInside
    modules.isInside = true
    try {
      return work()
    } finally {
      modules.isInside = before
    }
  }

  setTimer(delayMs: number, work: (keys: Keys) => void): ModuleTimer {
    if (this.#closing.signal.aborted) return { cancel: () => {} }
    let timer = this.#wait(delayMs, function due(host) {
      if (host.isWritable) host.#guard('a timer', () => host.perform(work))
      else if (host.#isPutOff) timer = host.#wait(PUT_OFF_MS, due)
    })
    return {
      cancel: () => {
        timer.cancel()
        this.#timers.delete(timer)
      },
    }
  }

  /** A primary that takes no writes for the moment: too few replicas, or its lease is late. */
  get #isPutOff(): boolean {
    return this.isPrimary && this.#server.durability.failure === undefined
  }

  #wait(delayMs: number, due: (host: HostCore) => void): Timer {
    const timer = this.clock.setTimer(() => {
      this.#timers.delete(timer)
      due(this)
    }, delayMs)
    this.#timers.add(timer)
    return timer
  }

  onEvent(kinds: readonly EventClass[], listener: (event: KeyEvent, keys: Keys) => void): void {
    const { keyspace, modules } = this.#server
    keyspace.events.listen(kinds, (index, kind, event, key) => {
      const keys = new KeyAccess(this.#database(index), () => modules.refusal)
      this.#guard('an event', () => this.inside(() => listener({ kind, event, key }, keys)))
    })
  }

  onRole(listener: (isPrimary: boolean) => void): void {
    this.#roleListeners.push(listener)
  }

  onRecord(listener: (name: string, value: string | undefined) => void): void {
    this.#recordListeners.push(listener)
  }

  onReplace(listener: () => void): void {
    this.#replaceListeners.push(listener)
  }

  tellRole(isPrimary: boolean): void {
    for (const listener of this.#roleListeners) this.#guard('its role', () => listener(isPrimary))
  }

  followRecord(name: string, value: string | undefined): void {
    this.records.follow(name, value)
    for (const listener of this.#recordListeners) {
      this.#guard('a record', () => this.inside(() => listener(name, value)))
    }
  }

  replaced(records: ReadonlyMap<string, string>): void {
    this.records.replace(records)
    for (const listener of this.#replaceListeners) {
      this.#guard('a snapshot', () => this.inside(listener))
    }
  }

  onChange(listener: ChangeListener, filter: ChangeFilter = {}): void {
    const { modules } = this.#server
    const { before } = listener
    modules.changes.add(
      {
        ...(before && {
          before: (key, keys) => this.inside(() => before.call(listener, key, keys)),
        }),
        after: (key, keys) => this.inside(() => listener.after(key, keys)),
      },
      filter,
    )
    this.#server.listenersChanged()
  }

  onFlush(listener: (databases: readonly number[]) => void): void {
    this.#server.modules.flushListeners.push(listener)
    this.#server.listenersChanged()
  }

  onSwap(listener: (first: number, second: number) => void): void {
    this.#server.modules.swapListeners.push(listener)
    this.#server.listenersChanged()
  }

  scanKeys(options: ScanOptions = {}): AsyncIterableIterator<readonly string[]> {
    const database = this.#database(options.database ?? 0)
    const { signal } = this.#closing
    return scanKeys(this.#server, database, {
      ...options,
      signal: options.signal === undefined ? signal : AbortSignal.any([signal, options.signal]),
    })
  }

  createWorkers(options: WorkerPoolOptions): WorkerPool {
    const workers = new Workers(options)
    this.#workers.push(workers)
    return workers
  }

  createCursors<T>(options?: CursorOptions): CursorTable<T> {
    const { clock, random } = this.#server
    const nextId = (): number => 1 + Math.floor(random.next() * (Number.MAX_SAFE_INTEGER - 1))
    const cursors = new CursorTable<T>(clock, nextId, options)
    this.#cursors.push(cursors)
    return cursors
  }

  chargeMemory(bytes: number): void {
    this.#server.keyspace.moduleBytes += bytes
  }

  publish(channel: string, message: string): number {
    const receivers = this.#server.pubsub.publish(channel, message)
    this.#server.replication?.broadcast.send(channel, message, false)
    if (!this.#server.modules.isInside) this.#server.endOfTurn()
    return receivers
  }

  execute(args: readonly CommandArgument[]): Promise<RespValue> {
    this.#client ??= this.#server.createClient()
    return this.#client.execute(args)
  }

  async close(): Promise<void> {
    this.#closing.abort()
    for (const timer of this.#timers) timer.cancel()
    for (const cursors of this.#cursors) cursors.clear()
    this.#client?.close()
    await Promise.all(this.#workers.map((workers) => workers.close()))
  }

  /** What is thrown hurts nobody else. */
  #guard(what: string, call: () => void): void {
    try {
      call()
    } catch (error) {
      this.logger.error('a module failed', {
        module: this.#name,
        what,
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      })
    }
  }

  #database(index: number): Database {
    const database = this.#server.keyspace.databases[index]
    if (database === undefined) throw new RangeError(`there is no database ${index}`)
    return database
  }
}

/** A module's records: in memory as they are, and written with the command that changes them. */
class Records implements ModuleRecords {
  readonly #server: ServerContext
  readonly #module: string
  #values: Map<string, string>

  constructor(server: ServerContext, module: string, stored: ReadonlyMap<string, string>) {
    this.#server = server
    this.#module = module
    this.#values = new Map(stored)
  }

  get(name: string): string | undefined {
    return this.#values.get(name)
  }

  set(name: string, value: string): void {
    this.#mayChange()
    this.#values.set(name, value)
    this.#changed(name, value)
  }

  delete(name: string): boolean {
    this.#mayChange()
    if (!this.#values.delete(name)) return false
    this.#changed(name, undefined)
    return true
  }

  entries(): Iterable<readonly [name: string, value: string]> {
    return [...this.#values].sort(([a], [b]) => (a < b ? -1 : 1))
  }

  /** As the primary has it. */
  follow(name: string, value: string | undefined): void {
    if (value === undefined) this.#values.delete(name)
    else this.#values.set(name, value)
  }

  replace(values: ReadonlyMap<string, string>): void {
    this.#values = new Map(values)
  }

  #mayChange(): void {
    const refusal = this.#server.modules.refusalInCommand
    if (refusal !== undefined) throw new ReplyError(refusal)
  }

  #changed(name: string, value: string | undefined): void {
    const { durability, modules } = this.#server
    durability.changes.moduleRecordChanged(this.#module, name, value)
    if (!modules.isInside) durability.endOfCommand()
  }
}
