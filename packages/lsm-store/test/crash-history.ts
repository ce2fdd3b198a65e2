import type { Keyspace, Operation, Store } from '@ashlar/lsm-store'

/** So small that a second of writes flushes and compacts many times. */
export const CRASH_OPTIONS = {
  memtableBytes: 16 * 1024,
  changeRetentionBytes: 64 * 1024,
  flushOnCloseBytes: 4 * 1024,
  tables: {
    blockBytes: 512,
    tableBytes: 16 * 1024,
    levelBytes: 32 * 1024,
    levelZeroTables: 2,
    compactionThreads: 2,
    compression: ['none', 'lz4'],
  },
} as const

/** The same with most values in value files. */
export const APART_OPTIONS = {
  ...CRASH_OPTIONS,
  tables: { ...CRASH_OPTIONS.tables, largeValueBytes: 32 },
} as const

/** Stores that one process writes to, and loses all at once. */
export const STORES = 10

const SLOTS = 40
const LOGS = 5
const DAY_MS = 86_400_000

/** What the keyspace that forgets may keep, in tables. */
const QUEUE = { kind: 'fifo', maxBytes: 3 * 1024 } as const
const QUEUE_SPACE = 3

/**
 * The keyspaces of a store: its own keys, another with entries that end, one that appends, and one that
 * drops the oldest tables.
 */
export type Spaces = readonly [main: Keyspace, other: Keyspace, log: Keyspace, queue: Keyspace]

export async function openSpaces(store: Store): Promise<Spaces> {
  const other = await store.keyspace('other')
  const log = await store.keyspace('log', { merge: 'append' })
  return [store, other, log, await store.keyspace('queue', { policy: QUEUE })]
}

interface Place {
  readonly space: number
  readonly key: string
}
interface Put extends Place {
  readonly do: 'put'
  readonly value: string
  readonly ttlMs?: number
}
interface Merge extends Place {
  readonly do: 'merge'
  readonly value: string
}
interface Delete extends Place {
  readonly do: 'delete'
}
/** Of all keys that start with it. */
interface RangeDelete extends Place {
  readonly do: 'range'
}
type Step = Put | Merge | Delete | RangeDelete

/** True for a batch that is ingested: no other may be under way, since its place is that of its end. */
export function isIngest(number: number): boolean {
  return number % 56 === 12
}

/** Sequences that batch `number` takes. */
function sequencesOf(number: number): number {
  return isIngest(number) ? 1 : stepsOf(number).length
}

/** Entries of some slots, in order. */
function ingested(number: number, value: string): Put[] {
  const keys = Array.from({ length: 12 }, (_, i) => [i + number, `${i + number}-`])
    .map(([n, text], i) => [Number(n) % SLOTS, i % 2 === 0 ? '' : text])
    .flatMap(([slot, text]) => [`a-${slot}${text}`, `m-${slot}${text}`])
  const sorted = [...new Set(keys)].sort()
  return sorted.map((key) => ({ do: 'put', space: 0, key, value }))
}

/** What batch `number` does, to keys of its slot. */
function stepsOf(number: number): Step[] {
  const slot = number % SLOTS
  const value = `${number}:${'x'.repeat((number * 7) % 300)}`
  if (isIngest(number)) return ingested(number, value)
  const log: Step = { do: 'merge', space: 2, key: `l-${number % LOGS}`, value: `${number},` }
  const keys = [`a-${slot}`, `m-${slot}`, `z-${slot}`]
  switch (number % 8) {
    case 1:
      return [{ do: 'put', space: 0, key: `t-${slot}`, value }, log]
    case 2:
      return [log, { do: 'put', space: 1, key: `d-${slot}`, value, ttlMs: DAY_MS }]
    case 3:
      return [{ do: 'put', space: 1, key: `c-${slot % 10}`, value }]
    case 4:
      return [{ do: 'range', space: 0, key: `m-${(number * 3) % SLOTS}` }]
    case 5:
      return [
        { do: 'delete', space: 2, key: `l-${(number * 3) % LOGS}` },
        ...keys.map((key): Step => ({ do: 'delete', space: 0, key })),
      ]
    case 6:
      return [log, { do: 'put', space: QUEUE_SPACE, key: queueKey(number), value }]
    case 7:
      // Gone before anybody looks.
      return [{ do: 'put', space: 1, key: `e-${slot}`, value, ttlMs: 1 }]
    default:
      return keys.map((key): Step => ({ do: 'put', space: 0, key, value }))
  }
}

function queueKey(number: number): string {
  return `q-${String(number).padStart(8, '0')}`
}

function toOperation(step: Step, spaces: Spaces): Operation {
  const { key } = step
  const keyspace = spaces[step.space] as Keyspace
  if (step.do === 'range') return { type: 'deleteRange', gte: key, lt: `${key}~`, keyspace }
  if (step.do === 'delete') return { type: 'delete', key, keyspace }
  const { value } = step
  if (step.do === 'merge') return { type: 'merge', key, value, keyspace }
  const ttl = step.ttlMs === undefined ? {} : { ttlMs: step.ttlMs }
  return { type: 'put', key, value, keyspace, ...ttl }
}

/** Writes batch `number`, the one after those that the store holds. */
export function writeBatch(store: Store, spaces: Spaces, number: number): Promise<unknown> {
  if (isIngest(number)) {
    const entries = (stepsOf(number) as Put[]).map(({ key, value }) => [key, value] as const)
    return store.ingest(entries)
  }
  const operations = stepsOf(number).map((step) => toOperation(step, spaces))
  if (number % 8 === 3) {
    const [{ key, value }] = stepsOf(number) as [Put]
    const version = spaces[1].entry(key)?.version
    const condition = version === undefined ? { ifAbsent: true as const } : { ifVersion: version }
    const { applied, done } = spaces[1].putIf(key, value, condition)
    return applied ? done : Promise.reject(new Error(`batch ${number} was not applied`))
  }
  if (number % 8 !== 1) return store.write(operations)
  using transaction = store.begin()
  for (const operation of operations) {
    if (operation.type !== 'put' && operation.type !== 'merge') continue
    const target = { keyspace: operation.keyspace as Keyspace }
    transaction.get(operation.key, target)
    transaction[operation.type](operation.key, operation.value, target)
  }
  return transaction.commit()
}

/** How many batches make up the store's history; throws when its end is inside one. */
export function batchesIn(store: Store): number {
  let sequence = 0
  let number = 0
  for (; sequence < store.lastSequence; number++) sequence += sequencesOf(number)
  if (sequence > store.lastSequence) throw new Error(`batch ${number - 1} is not whole`)
  return number
}

/** What a store holds after so many batches. */
class Expected {
  readonly spaces: readonly Map<string, string>[] = [new Map(), new Map(), new Map(), new Map()]
  #count = 0

  advance(count: number): void {
    for (; this.#count < count; this.#count++) {
      for (const step of stepsOf(this.#count)) this.#apply(step)
    }
  }

  #apply(step: Step): void {
    const held = this.spaces[step.space] as Map<string, string>
    const { key } = step
    if (step.do === 'merge') held.set(key, (held.get(key) ?? '') + step.value)
    else if (step.do === 'put' && step.ttlMs !== 1) held.set(key, step.value)
    else if (step.do === 'range') {
      for (const other of [...held.keys()]) {
        if (other >= key && other < `${key}~`) held.delete(other)
      }
    } else held.delete(key)
  }
}

/** Checks what is left of a store from one crash to the next. */
export class CrashModel {
  readonly #expected: Expected = new Expected()
  /** Entries that the keyspace that forgets has forgotten. */
  forgotten = 0

  /** Checks that the store holds batches from the first on, whole, and nothing else; how many? */
  async check(store: Store): Promise<number> {
    const count = batchesIn(store)
    this.#expected.advance(count)
    for (const [i, keyspace] of (await openSpaces(store)).entries()) {
      const expected = this.#expected.spaces[i] as Map<string, string>
      const found: string[] = []
      for await (const [key, value] of keyspace.scan()) {
        const name = Buffer.from(key).toString()
        // It ends in this very millisecond.
        if (name.startsWith('e-')) continue
        if (expected.get(name) !== Buffer.from(value).toString()) {
          throw new Error(`${name} of ${keyspace.name} holds ${Buffer.from(value).toString()}`)
        }
        found.push(name)
      }
      if (i === QUEUE_SPACE) this.#checkQueue(found, [...expected.keys()])
      else if (found.length !== expected.size) {
        throw new Error(`${found.length} of ${expected.size} entries of ${keyspace.name}`)
      }
    }
    return count
  }

  /** The newest entries are there without a gap, and never one of those that were gone. */
  #checkQueue(found: readonly string[], written: readonly string[]): void {
    const forgotten = written.length - found.length
    const isEnd = found.every((name, i) => name === written[i + forgotten])
    const isEmpty = found.length === 0 && written.length > 0
    if (!isEnd || isEmpty || forgotten < this.forgotten) {
      throw new Error(`${found.join()} is not the end of ${written.length} that were written`)
    }
    this.forgotten = forgotten
  }
}
