import type { Logger } from '@ashlar/codec'
import type { Database } from '../keyspace/database.ts'
import { KeyAccess, type Keys, type Refusal } from './keys.ts'

/** Told of every key that changed, whatever changed it. */
export interface ChangeListener {
  /**
   * The key is about to go, be renamed or be set to another value; its value can still be read.
   * `keys.now` is 0 then. Not called when a part of a value changes in place, nor by FLUSHDB: keep what you will need.
   * On a server that follows another also called when a string changes in place.
   */
  before?(key: string, keys: Keys): void
  /**
   * The key was made, changed or removed: once per command and key, before anybody sees a reply. On a
   * server that follows another once per commit of that one, with the key as it was at the commit.
   */
  after(key: string, keys: Keys): void
}

export interface ChangeFilter {
  /** Only keys that begin with one of these. Default: all. */
  readonly prefixes?: readonly string[]
}

/** Listeners that change keys are told of each other's changes, this many times over. */
const MAX_ROUNDS = 32

interface Entry {
  readonly listener: ChangeListener
  readonly prefixes: readonly string[] | undefined
}

/**
 * Tells modules of changed keys at the end of each command. What a listener changes belongs to the
 * command. One that throws is logged and does not hurt the command.
 */
export class ChangeFeed {
  readonly #logger: Logger
  readonly #refusal: Refusal
  readonly #entries: Entry[] = []
  #changed = new Map<Database, Set<string>>()
  /** Something changed that was not told yet. */
  isPending = false

  constructor(logger: Logger, refusal: Refusal) {
    this.#logger = logger
    this.#refusal = refusal
  }

  get hasListeners(): boolean {
    return this.#entries.length > 0
  }

  get hasBeforeListeners(): boolean {
    return this.#entries.some(({ listener }) => listener.before !== undefined)
  }

  add(listener: ChangeListener, { prefixes }: ChangeFilter): void {
    this.#entries.push({ listener, prefixes })
  }

  readonly note = (key: string, database: Database): void => {
    if (!this.#entries.some(({ prefixes }) => fits(prefixes, key))) return
    this.isPending = true
    const keys = this.#changed.get(database)
    if (keys === undefined) this.#changed.set(database, new Set([key]))
    else keys.add(key)
  }

  readonly before = (key: string, database: Database): void => {
    const keys = new KeyAccess(database, this.#refusal)
    const { keyspace } = database
    const { now } = keyspace
    // a key that goes because its time is up can be read once more
    keyspace.now = 0
    for (const { listener, prefixes } of this.#entries) {
      if (listener.before === undefined || !fits(prefixes, key)) continue
      this.#guard(() => listener.before?.(key, keys))
    }
    keyspace.now = now
  }

  /** Forgets changes of databases that were emptied. */
  flushed(databases: readonly Database[]): void {
    for (const database of databases) this.#changed.delete(database)
  }

  deliver(): void {
    for (let round = 0; this.isPending; round += 1) {
      const changed = this.#changed
      this.#changed = new Map()
      this.isPending = false
      if (round === MAX_ROUNDS) {
        this.#logger.error('modules go on changing keys that they are told of', { round })
        return
      }
      for (const [database, keys] of changed) {
        this.#tell(new KeyAccess(database, this.#refusal), keys)
      }
    }
  }

  #tell(keys: Keys, changed: ReadonlySet<string>): void {
    for (const { listener, prefixes } of this.#entries) {
      for (const key of changed) {
        if (fits(prefixes, key)) this.#guard(() => listener.after(key, keys))
      }
    }
  }

  #guard(call: () => void): void {
    try {
      call()
    } catch (error) {
      this.#logger.error('a module failed on a changed key', { error: String(error) })
    }
  }
}

const fits = (prefixes: readonly string[] | undefined, key: string): boolean =>
  prefixes === undefined || prefixes.some((prefix) => key.startsWith(prefix))
