import type { Clock, Timer } from '@ashlar/codec'
import type { Database } from './database.ts'
import { fieldsDue } from './field-expiry.ts'
import type { Keyspace } from './keyspace.ts'
import { type PlaceRange, Swept } from './stored-expiries.ts'
import { NO_EXPIRY, type WalkedKey } from './value.ts'

/** What one slice may take of the event loop. */
const SLICE_MS = 2
const SLICE_RECORDS = 2048
/** Records between two looks at the time. */
const RECORDS_PER_LOOK = 32
/** A hash is read whole for its fields, and may be large. */
const RECORDS_PER_HASH = 256
/**
 * The rest after a slice, in times of what the slice took: as many as records were read for each key
 * that was due. So a slice that finds much takes up to half of the processor, one that finds little 5 %.
 */
const MOST_REST = 19
/** Rests when the store cannot take more changes for now, and after a failure. */
const OVERLOADED_REST_MS = 10
const FAILURE_REST_MS = 60_000

/** What a sweep needs to know of the store, and what it may ask for. */
export interface SweptStorage {
  readonly failure: Error | undefined
  readonly isOverloaded: boolean
  /** Keys have come into memory that nobody asked for. */
  makeRoom(): void
  failed(error: unknown): void
}

/**
 * Removes keys that have expired while the store alone had them. Each slice reads a part of a range
 * that is due (see `StoredExpiries`) and removes what has expired in the same turn of the event loop, so
 * nobody changes a key between the look at it and its removal. It goes as if a command had met the key:
 * through journal, events, counters and replicas.
 */
export class Sweep {
  readonly #keyspace: Keyspace
  readonly #clock: Clock
  readonly #storage: SweptStorage
  #timer: Timer | undefined
  #timerAt = Number.POSITIVE_INFINITY
  /** Of the monotonic clock. */
  #restsUntil = 0
  /** Records that were read in this slice, and keys that were due among them. */
  #records = 0
  #due = 0
  #sliceEnd = 0

  constructor(keyspace: Keyspace, clock: Clock, storage: SweptStorage) {
    this.#keyspace = keyspace
    this.#clock = clock
    this.#storage = storage
  }

  /** Ranges may be due sooner than they were. */
  schedule(): void {
    const { activeExpiry, databases, now } = this.#keyspace
    if (!activeExpiry) return
    let due = Number.POSITIVE_INFINITY
    for (const { table } of databases) if (table.stored.next < due) due = table.stored.next
    if (due === Number.POSITIVE_INFINITY) return
    const monotonic = this.#clock.monotonic()
    const at = Math.max(monotonic + Math.max(1, due - now + 1), this.#restsUntil)
    if (at >= this.#timerAt) return
    this.#timer?.cancel()
    this.#timerAt = at
    this.#timer = this.#clock.setTimer(this.#run, at - monotonic)
  }

  stop(): void {
    this.#timer?.cancel()
  }

  readonly #run = (): void => {
    const keyspace = this.#keyspace
    this.#timerAt = Number.POSITIVE_INFINITY
    // who lifts this schedules anew
    if (!keyspace.activeExpiry || keyspace.holdsExpired || this.#storage.failure !== undefined) {
      return
    }
    keyspace.refreshTime()
    if (this.#storage.isOverloaded) this.#rest(OVERLOADED_REST_MS)
    else this.#slice()
    this.schedule()
  }

  #rest(ms: number): void {
    this.#restsUntil = this.#clock.monotonic() + ms
  }

  #slice(): void {
    const begun = this.#clock.monotonic()
    this.#records = 0
    this.#due = 0
    this.#sliceEnd = begun + SLICE_MS
    try {
      for (;;) {
        const first = this.#firstDue()
        if (first === undefined) break
        this.#sweep(...first)
        if (this.#isOver) break
      }
      if (this.#due > 0) {
        this.#keyspace.onExpired?.()
        this.#storage.makeRoom()
      }
    } catch (error) {
      this.#storage.failed(error)
      this.#rest(FAILURE_REST_MS)
      return
    }
    const took = this.#clock.monotonic() - begun
    this.#rest(took * Math.min(MOST_REST, this.#records / Math.max(1, this.#due)))
  }

  get #isOver(): boolean {
    return this.#records >= SLICE_RECORDS || this.#clock.monotonic() >= this.#sliceEnd
  }

  /** The database whose range is due for the longest time. */
  #firstDue(): [Database, PlaceRange] | undefined {
    const { databases, now } = this.#keyspace
    let first: [Database, PlaceRange] | undefined
    let next = now
    for (const database of databases) {
      const range = database.table.stored.firstDue(now)
      if (range === undefined || database.table.stored.next >= next) continue
      next = database.table.stored.next
      first = [database, range]
    }
    return first
  }

  #sweep(database: Database, range: PlaceRange): void {
    const { table } = database
    const { now } = this.#keyspace
    const found = new Swept()
    let upTo: string | undefined
    using keys = table.source?.walk(table.id, range.start, range.end)
    let nextLook = this.#records + RECORDS_PER_LOOK
    for (;;) {
      const key = keys?.next()
      if (key === undefined) break
      this.#records += 1
      // of those in memory, memory knows
      if (!table.isLeft(key.name)) found.add(NO_EXPIRY)
      else if (key.expiry < now) {
        this.#remove(database, key)
        found.removed += 1
      } else if (key.fieldExpiry <= now) this.#expireFields(database, key)
      else found.add(Math.min(key.expiry, key.fieldExpiry))
      if (this.#records < nextLook) continue
      nextLook = this.#records + RECORDS_PER_LOOK
      if (!this.#isOver) continue
      upTo = key.place
      break
    }
    table.stored.swept(range, found, upTo, now)
  }

  #remove(database: Database, key: WalkedKey): void {
    this.#due += 1
    database.expire(key.name, database.table.takeIn(key))
  }

  /** Of a hash, which is in memory from then on. */
  #expireFields(database: Database, key: WalkedKey): void {
    this.#records += RECORDS_PER_HASH
    this.#due += RECORDS_PER_HASH
    fieldsDue(database, key.name, database.table.takeIn(key))
  }
}
