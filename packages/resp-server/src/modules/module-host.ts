import type { Clock, Logger, Random } from '@ashlar/codec'
import type { EventClass } from '../keyspace/notifications.ts'
import type { RespValue } from '../protocol/value-writer.ts'
import type { CommandArgument } from '../server/in-process.ts'
import type { ChangeFilter, ChangeListener } from './change-feed.ts'
import type { CursorOptions, CursorTable } from './cursors.ts'
import type { Keys } from './keys.ts'
import type { WorkerPool, WorkerPoolOptions } from './worker-pool.ts'

/** A keyspace event as `notify-keyspace-events` knows it; told whatever that setting is. */
export interface KeyEvent {
  readonly kind: EventClass
  readonly event: string
  readonly key: string
}

export interface ScanOptions {
  /** Default 0. */
  readonly database?: number
  /** Only keys that begin with it. Default: all. */
  readonly prefix?: string
  /** Only keys of this type, as TYPE answers it. */
  readonly type?: string
  /** Keys looked at per turn of the event loop. Default 1000. */
  readonly perTurn?: number
  readonly signal?: AbortSignal
}

/**
 * Small things that a module keeps beside keys: definitions, not data. All are held in memory. Replicas
 * get them with the changes of keys that they belong to; there `set` and `delete` throw `READONLY`.
 */
export interface ModuleRecords {
  get(name: string): string | undefined
  /** Written with the command or work in progress, as one with its changes of keys. */
  set(name: string, value: string): void
  delete(name: string): boolean
  /** In order of names. */
  entries(): Iterable<readonly [name: string, value: string]>
}

export interface ModuleTimer {
  cancel(): void
}

/** The server as a module sees it, beyond single commands. Given to `start` and to every call. */
export interface ModuleHost {
  readonly clock: Clock
  readonly logger: Logger
  readonly random: Random
  /** How many numbered databases there are. */
  readonly databases: number
  readonly records: ModuleRecords
  /**
   * False while this server holds what another decides, over the transport or by REPLICAOF. What
   * changes keys by itself is the primary's to do. See {@link onRole}.
   */
  readonly isPrimary: boolean
  /**
   * Whether keys can be changed now: false on a replica, once the store has failed, and while a
   * primary takes no writes for the moment.
   */
  readonly isWritable: boolean
  /** The value of one of the module's parameters. */
  parameter(name: string): string
  /**
   * Works on keys outside of a command, as one atomic batch: the time stands still, waiting clients
   * are served at the end. Within a command it runs as a part of that. Must not wait. Throws where
   * keys cannot be changed: see {@link isWritable}.
   */
  perform<T>(work: (keys: Keys) => T, database?: number): T
  /**
   * As {@link perform}, to read only, on a replica as well: for what goes over keys in the background.
   * Whatever would change keys throws.
   */
  read<T>(work: (keys: Keys) => T, database?: number): T
  /**
   * Performs work later, on a primary: put off while that takes no writes, left out on a replica and
   * once the store has failed, cancelled when the server closes. What it throws is logged. Begin anew
   * in {@link onRole}; for timers that only read there is {@link clock}.
   */
  setTimer(delayMs: number, work: (keys: Keys) => void): ModuleTimer
  /**
   * Named events, at the moment of each; listeners must not change keys. Those of a replica over the
   * transport are not told: they are the primary's alone.
   */
  onEvent(kinds: readonly EventClass[], listener: (event: KeyEvent, keys: Keys) => void): void
  /**
   * Every change of keys, whoever made it: what an index follows. Call it in `start`. A first listener
   * that comes later costs a replica a snapshot of everything.
   */
  onChange(listener: ChangeListener, filter?: ChangeFilter): void
  /** Databases were emptied; keys in them are not told one by one. */
  onFlush(listener: (databases: readonly number[]) => void): void
  /** Two databases exchanged their keys. */
  onSwap(listener: (first: number, second: number) => void): void
  /**
   * A record that the primary changed while this server follows it over the transport; `records` has it
   * already. Told before the changes of keys that came with it.
   */
  onRecord(listener: (name: string, value: string | undefined) => void): void
  /**
   * Records and keys of all databases were replaced: a snapshot has come from the primary. Whatever
   * was derived is to be made anew, from `records` and {@link scanKeys}; nothing is told key by key.
   */
  onReplace(listener: () => void): void
  /**
   * The server became the primary, or is it no longer: not at the start, where {@link isPrimary} tells.
   * A new primary has told everything that came from the one before, and takes writes.
   */
  onRole(listener: (isPrimary: boolean) => void): void
  /**
   * All keys that are there from beginning to end, in slices, others perhaps; each once, unless it
   * was removed and set again, or the tier took keys out of memory, meanwhile. Commands run in between.
   */
  scanKeys(options?: ScanOptions): AsyncIterableIterator<readonly string[]>
  createWorkers(options: WorkerPoolOptions): WorkerPool
  createCursors<T>(options?: CursorOptions): CursorTable<T>
  /** Adds to (or takes from) what the module holds outside of keys: counts for `maxmemory`. */
  chargeMemory(bytes: number): void
  /** To subscribers of all nodes, as PUBLISH. Answers the number of receivers on this one. */
  publish(channel: string, message: string): number
  /** Runs a command in a session of the module's own, which may do everything. */
  execute(args: readonly CommandArgument[]): Promise<RespValue>
}
