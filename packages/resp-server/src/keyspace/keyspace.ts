import type { Clock, Random, Timer } from '@ashlar/codec'
import type { Client } from '../clients/client.ts'
import { Accesses, type LfuSettings } from './accesses.ts'
import type { ChangeLog } from './change-log.ts'
import { Database } from './database.ts'
import { fieldsDue } from './field-expiry.ts'
import type { KeyspaceEvents } from './notifications.ts'
import type { Sweep } from './sweep.ts'
import type { Table } from './table.ts'

/** The maps and arrays of a table without keys. */
const EMPTY_TABLE_BYTES = 256
/** Keys that one turn of active expiry removes at most, before others get a turn. */
const EXPIRE_PER_TURN = 500

/** All databases, the time that commands see, and active expiry. */
export class Keyspace {
  readonly databases: readonly Database[]
  readonly changes: ChangeLog
  readonly events: KeyspaceEvents
  readonly accesses: Accesses
  /** The current client does not want its reads to count as uses. */
  noTouch = false
  /** Wall clock of the current command, frozen while it runs. */
  now: number
  hits = 0
  misses = 0
  expired = 0
  /** Changes so far; INFO's rdb_changes_since_last_save and WATCH-free dirtiness tests. */
  dirty = 0
  /** {@link dirty} as it was when everything was on disk last. */
  savedDirty = 0
  /** Set by the blocking layer: a key that clients wait for may now serve them. */
  onKeyReady: ((database: Database, key: string) => void) | undefined
  /** Called after a turn of active expiry, to commit and to wake what the removal concerns. */
  onExpired: (() => void) | undefined
  activeExpiry = true
  /** Removes what expires while the store alone has it, where there is a store. */
  sweep: Sweep | undefined
  /** Expired keys are absent but stay, while CLIENT PAUSE holds writes back. */
  holdsExpired = false
  /** What runs comes from a server that this one follows: only that server tells what has expired. */
  obeys = false
  /** Who runs the current command, while somebody tracks keys. */
  changedBy: Client | undefined
  /** Set while somebody tracks keys or a module listens: a key has changed. */
  onKeyChanged: ((key: string, database: Database) => void) | undefined
  /** Set while somebody wants to see values before they go. */
  beforeRemoval: ((key: string, database: Database) => void) | undefined
  /** Set while somebody wants to know which fields have expired, and how many changes that made. */
  onFieldsExpired:
    | ((database: Database, key: string, fields: readonly string[], changes: number) => void)
    | undefined
  /** Databases were emptied. */
  onFlushed: ((databases: readonly Database[]) => void) | undefined
  /** Databases hold other keys, or the same from the store: whatever was read may be another. */
  onReplaced: (() => void) | undefined
  /** Set while the log has to tell which keys changes of elements belong to. */
  namesChanges = false
  onSwapped: ((first: Database, second: Database) => void) | undefined
  /** What modules hold beside keys. */
  moduleBytes = 0
  readonly #clock: Clock
  #timer: Timer | undefined
  #timerAt = Number.POSITIVE_INFINITY

  constructor(
    clock: Clock,
    changes: ChangeLog,
    tables: readonly Table[],
    events: KeyspaceEvents,
    settings: LfuSettings,
    random: Random,
  ) {
    this.accesses = new Accesses(clock.now(), settings, () => random.next())
    this.#clock = clock
    this.events = events
    this.changes = changes
    this.now = clock.now()
    this.databases = tables.map((table, index) => new Database(this, index, table))
  }

  refreshTime(): void {
    this.now = this.#clock.now()
    this.accesses.timeIs(this.now)
  }

  /** Whether a key that is to expire at this time is to go at once. */
  isOver(time: number): boolean {
    return time <= this.now && !this.obeys
  }

  /** What all keys and values take, by estimation. */
  get usedMemory(): number {
    let bytes = this.moduleBytes
    for (const { table } of this.databases) bytes += EMPTY_TABLE_BYTES + table.bytes
    return bytes
  }

  keyReady(database: Database, key: string): void {
    this.onKeyReady?.(database, key)
  }

  /** Empties databases in O(1): their tables are dropped and their records collected later. */
  flush(databases: readonly Database[]): void {
    const dropped: Table[] = []
    for (const database of databases) {
      for (const key of database.watchers.keys()) {
        if (database.table.slot(key) !== -1) database.touchWatchers(key)
      }
      for (const key of database.awaited) this.keyReady(database, key)
      this.dirty += database.table.size
      dropped.push(database.table)
      database.table = this.changes.createTable()
    }
    this.#tablesChanged(dropped)
    this.onFlushed?.(databases)
  }

  swap(a: Database, b: Database): void {
    const table = a.table
    a.table = b.table
    b.table = table
    this.dirty += 1
    this.#tablesChanged([])
    this.onSwapped?.(a, b)
    for (const database of [a, b]) {
      for (const key of database.watchers.keys()) {
        if (a.table.slot(key) !== -1 || b.table.slot(key) !== -1) database.touchWatchers(key)
      }
      for (const key of database.awaited) {
        this.keyReady(database, key)
      }
    }
  }

  /** A key expires at this time: sees to it that it goes then, even if nobody asks for it. */
  expiryScheduled(expiry: number): void {
    if (expiry >= this.#timerAt || !this.activeExpiry) return
    this.#timer?.cancel()
    this.#timerAt = expiry
    this.#timer = this.#clock.setTimer(() => this.#expireDue(), Math.max(1, expiry - this.now + 1))
  }

  /** Looks for the next key to expire in every database. */
  scheduleExpiry(): void {
    this.#timer?.cancel()
    this.#timerAt = Number.POSITIVE_INFINITY
    for (const { table } of this.databases) {
      this.expiryScheduled(Math.min(table.expiryQueue.next, table.fieldQueue.next))
    }
    this.sweep?.schedule()
  }

  stop(): void {
    this.activeExpiry = false
    this.#timer?.cancel()
    this.sweep?.stop()
  }

  #tablesChanged(dropped: readonly Table[]): void {
    this.changes.tablesChanged(
      this.databases.map(({ table }) => table),
      dropped,
    )
  }

  #expireDue(): void {
    this.#timerAt = Number.POSITIVE_INFINITY
    if (!this.activeExpiry || this.holdsExpired) return
    this.refreshTime()
    let budget = EXPIRE_PER_TURN
    for (const database of this.databases) {
      const { table } = database
      while (budget > 0 && table.expiryQueue.next < this.now) {
        budget -= 1
        const key = table.expiryQueue.pop() as string
        const slot = table.slotInMemory(key)
        if (slot !== -1 && table.expiryAt(slot) < this.now) database.expire(key, slot)
      }
      while (budget > 0 && table.fieldQueue.next < this.now) {
        budget -= 1
        const key = table.fieldQueue.pop() as string
        const slot = table.slotInMemory(key)
        if (slot !== -1) fieldsDue(database, key, slot)
      }
    }
    this.onExpired?.()
    this.scheduleExpiry()
  }
}
