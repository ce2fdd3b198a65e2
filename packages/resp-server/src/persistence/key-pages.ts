import type { Database } from '../keyspace/database.ts'
import type { ColdValue, Value } from '../keyspace/value.ts'
import type { Durability } from './durability.ts'

/** A key, and what is known of it without its value. */
export interface ListedKey {
  readonly name: string
  readonly resident: Value | ColdValue
  /** Infinity for never. */
  readonly expiry: number
}

/** How far a walk over the keys is: slots of a table are walked downwards, places in the store upwards. */
export type WalkPosition = number | Uint8Array

export interface KeyPage {
  readonly keys: readonly ListedKey[]
  /** Where the next page begins; undefined at the end. */
  readonly next: WalkPosition | undefined
}

/**
 * The next keys of a walk, in memory or not; none of them comes into memory by it. What is there
 * throughout a walk comes up, perhaps twice: one over slots begins anew in the store once keys
 * are in the store alone. Within a transaction or script, half of which must not be written, every key
 * comes into memory instead.
 */
export function nextKeys(
  durability: Durability,
  database: Database,
  position: WalkPosition | undefined,
  count: number,
  isWithinUnit: boolean,
): KeyPage {
  const { table } = database
  const isOfStore = !isWithinUnit && (position instanceof Uint8Array || !table.isComplete)
  const behind = position instanceof Uint8Array ? position : undefined
  using stored = isOfStore ? durability.storedKeys(table, behind) : undefined
  if (stored === undefined) return nextSlots(durability, database, position, count)
  const keys: ListedKey[] = []
  let next: Uint8Array | undefined
  for (let taken = 0; taken < count; taken += 1) {
    const key = stored.next()
    if (key === undefined) return { keys, next: undefined }
    next = key.recordKey
    const { value, expiry } = key.read(false)
    if (expiry < database.keyspace.now) continue
    keys.push({ name: key.name, resident: value, expiry })
  }
  return { keys, next }
}

/** From the last slot to the first: removals move the last key into the gap (see `Table`). */
function nextSlots(
  durability: Durability,
  database: Database,
  position: WalkPosition | undefined,
  count: number,
): KeyPage {
  const { table } = database
  durability.loadAll(table)
  const from = typeof position === 'number' ? Math.min(position, table.size) : table.size
  const to = Math.max(0, from - count)
  const keys: ListedKey[] = []
  for (let slot = from - 1; slot >= to; slot -= 1) {
    const name = table.keyAt(slot)
    const listed = { name, resident: table.residentAt(slot), expiry: table.expiryAt(slot) }
    if (database.has(name)) keys.push(listed)
  }
  return { keys, next: to === 0 ? undefined : to }
}

/** Keys asked of the store at once by who wants all of them. */
const PAGE = 1000

/** Every key that there is now. Nothing may change them until it is through. */
export function* allKeys(
  durability: Durability,
  database: Database,
  isWithinUnit: boolean,
): Generator<ListedKey> {
  let position: WalkPosition | undefined
  do {
    const page = nextKeys(durability, database, position, PAGE, isWithinUnit)
    yield* page.keys
    position = page.next
  } while (position !== undefined)
}

export interface Entry extends ListedKey {
  readonly value: Value
}

/** Every key with its value; values that are in the store only stay there. */
export function* allEntries(durability: Durability, database: Database): Generator<Entry> {
  const { table } = database
  for (const key of allKeys(durability, database, false)) {
    const value = table.readThrough(key.name)
    if (value !== undefined) yield { ...key, value }
  }
}
