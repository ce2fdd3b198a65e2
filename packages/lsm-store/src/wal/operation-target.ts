import type { Clock } from '@ashlar/codec'
import { dropped } from '../keyspace/keyspace-errors.ts'
import { type KeyspaceRef, type Space, spaceOf } from '../keyspace/space.ts'

/** Longer ones would not fit the six bytes that the time of an end has. */
const MAX_TTL_MS = 2 ** 46

/** Finds where operations go: to a keyspace of one store. */
export class SpaceResolver {
  readonly clock: Clock
  readonly #default: Space

  constructor(defaultSpace: Space, clock: Clock) {
    this.#default = defaultSpace
    this.clock = clock
  }

  of(target: { readonly keyspace?: KeyspaceRef } | undefined): Space {
    const keyspace = target?.keyspace
    if (keyspace === undefined) return this.#default
    const space = spaceOf(keyspace)
    if (space === undefined) throw new TypeError('keyspace must come from store.keyspace()')
    if (space.owner !== this.#default.owner) {
      throw new TypeError(`keyspace ${space.name} belongs to another store`)
    }
    if (space.dropped) throw dropped(space.name)
    return space
  }
}

/** When an entry that is written now ends, in milliseconds since the epoch; 0 is never. */
export function expiryOf(
  ttlMs: number | undefined,
  space: Space,
  { clock }: SpaceResolver,
): number {
  if (ttlMs === undefined) return space.ttlMs === 0 ? 0 : Math.floor(clock.now()) + space.ttlMs
  checkTtl(ttlMs)
  if (space.operator !== undefined) {
    throw new TypeError(`entries of keyspace ${space.name} have no ttlMs, since it merges`)
  }
  return Math.floor(clock.now()) + ttlMs
}

/** Throws unless it is a time to live, or undefined. */
export function checkTtl(ttlMs: number | undefined): number | undefined {
  if (ttlMs === undefined) return undefined
  if (Number.isSafeInteger(ttlMs) && ttlMs > 0 && ttlMs <= MAX_TTL_MS) return ttlMs
  throw new RangeError(`ttlMs must be an integer from 1 to 2^46, got ${String(ttlMs)}`)
}
