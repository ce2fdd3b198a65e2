import { type Clock, type Random, seededRandom, systemClock } from '@ashlar/codec'
import {
  type FileSystem,
  type Keyspace,
  type Operation,
  Store,
  type StoreOptions,
} from '@ashlar/lsm-store'

/** One operation on one of the {@link SPACES}. */
export type Op = { readonly space: number; readonly key: string } & (
  | { readonly do: 'put'; readonly value: string; readonly ttlMs?: number }
  | { readonly do: 'delete' }
  | { readonly do: 'merge'; readonly value: string }
  /** Deletes the keys of `[key, end)`. */
  | { readonly do: 'range'; readonly end: string }
  /** Puts a value to all these keys; the first one is its key. */
  | { readonly do: 'ingest'; readonly keys: readonly string[]; readonly value: string }
)

/** The default keyspace, another one, and one that appends. */
const SPACES = ['default', 'other', 'log'] as const
const MERGES = 2

/** How a batch is written: as one, by a transaction, or each operation alone, put and delete by condition. */
type Via = 'batch' | 'transaction' | 'condition'

/** What a script does next. */
export type Action =
  | {
      readonly do: 'write'
      readonly operations: readonly Op[]
      readonly always: boolean
      readonly via: Via
    }
  | { readonly do: 'ingest'; readonly operation: Op; readonly always: boolean }
  | { readonly do: 'sync' | 'flush' | 'compact' | 'tick' }

/** A short random history for tests that break something in it. */
export function randomActions(seed: number, count: number): Action[] {
  const random = seededRandom(seed)
  return Array.from({ length: count }, () => randomAction(random))
}

function randomAction(random: Random): Action {
  const dice = random.next()
  if (dice < 0.05) return { do: 'compact' }
  if (dice < 0.15) return { do: 'flush' }
  if (dice < 0.2) return { do: 'sync' }
  if (dice < 0.3) return { do: 'tick' }
  if (dice < 0.38) return randomIngest(random)
  const via = (['batch', 'batch', 'transaction', 'condition'] as const)[
    Math.floor(random.next() * 4)
  ] as Via
  const count = via === 'condition' ? 1 : 1 + Math.floor(random.next() * 5)
  const operations = Array.from({ length: count }, () => randomOp(random, dice))
  return { do: 'write', operations, always: random.next() < 0.5, via }
}

function randomIngest(random: Random): Action {
  const keys = Array.from({ length: 12 }, (_, i) => `key-${i}`)
    .filter(() => random.next() < 0.4)
    .sort()
  const [key = 'key-0'] = keys
  const space = Math.floor(random.next() * SPACES.length)
  const value = 'i'.repeat(Math.floor(random.next() * 400))
  const operation = { do: 'ingest', space, key, keys: [...new Set([key, ...keys])], value } as const
  return { do: 'ingest', operation, always: random.next() < 0.5 }
}

function randomOp(random: Random, dice: number): Op {
  const key = `key-${Math.floor(random.next() * 12)}`
  const space = Math.max(0, Math.floor(random.next() * 6) - 3)
  if (random.next() < 0.1) {
    const other = `key-${Math.floor(random.next() * 12)}`
    return { do: 'range', space, key, end: `${other > key ? other : key}~` }
  }
  const length = random.next() < 0.1 ? 1500 : Math.floor(random.next() * 40)
  if (random.next() < 0.25) return { do: 'delete', space, key }
  const value = 'v'.repeat(length) + dice
  if (space === MERGES && random.next() < 0.8) return { do: 'merge', space, key, value }
  if (space === MERGES || random.next() < 0.8) return { do: 'put', space, key, value }
  return { do: 'put', space, key, value, ttlMs: 1 + Math.floor(random.next() * 40) }
}

/** Options under which a few writes already flush and compact. */
export const TINY: StoreOptions = {
  memtableBytes: 1024,
  blockCacheBytes: 0,
  changeRetentionBytes: 2048,
  flushOnCloseBytes: 400,
  tables: {
    blockBytes: 128,
    tableBytes: 2048,
    levelBytes: 2048,
    levelZeroTables: 2,
    compactionThreads: 2,
    partitionBytes: 16,
    compression: ['none', 'lz4'],
  },
}

/** The same with most values in value files. */
export const APART: StoreOptions = { ...TINY, tables: { ...TINY.tables, largeValueBytes: 32 } }

/** A batch, and when its call was made. */
interface Written {
  readonly operations: readonly Op[]
  readonly at: number
}

/** What is known of writes when a run has ended, however it did. */
export class Account {
  /** Batches in the order of their calls. */
  readonly batches: Written[] = []
  /** So many of them were acknowledged as written, and as durable. */
  written = 0
  durable = 0
  /** Stands still but for ticks. */
  now = 1_000_000
  readonly clock: Clock = { ...systemClock, now: () => this.now }

  /** The state after the first `count` batches, as it is seen now: sorted text. */
  stateAfter(count: number): string {
    const spaces = SPACES.map(() => new Map<string, { value: string; expiresAt: number }>())
    for (const { operations, at } of this.batches.slice(0, count)) {
      for (const op of operations) apply(spaces[op.space] as (typeof spaces)[number], op, at)
    }
    return JSON.stringify(
      spaces.map((held) =>
        [...held]
          .filter(([, { expiresAt }]) => expiresAt > this.now)
          .map(([key, { value }]) => [key, value])
          .sort(([a = ''], [b = '']) => (a < b ? -1 : 1)),
      ),
    )
  }
}

function apply(held: Map<string, { value: string; expiresAt: number }>, op: Op, at: number): void {
  if (op.do === 'range') {
    for (const key of [...held.keys()]) if (key >= op.key && key < op.end) held.delete(key)
  } else if (op.do === 'ingest') {
    const entry = { value: op.value, expiresAt: Number.POSITIVE_INFINITY }
    for (const key of op.keys) held.set(key, entry)
  } else if (op.do === 'delete') held.delete(op.key)
  else if (op.do === 'merge') {
    const value = (held.get(op.key)?.value ?? '') + op.value
    held.set(op.key, { value, expiresAt: Number.POSITIVE_INFINITY })
  } else {
    held.set(op.key, { value: op.value, expiresAt: at + (op.ttlMs ?? Number.POSITIVE_INFINITY) })
  }
}

/** What a run left. */
export interface Played {
  readonly account: Account
  readonly error: unknown
  /** The keyspaces, the store itself first; none when it did not open. */
  readonly spaces: readonly Keyspace[]
  readonly store?: Store
}

/**
 * Does the actions until one fails. `writes` are not awaited one by one, so that they share groups
 * and some are in flight when something breaks.
 */
export async function play(
  fileSystem: FileSystem,
  actions: readonly Action[],
  options: StoreOptions,
): Promise<Played> {
  const account = new Account()
  const pending: Promise<void>[] = []
  let store: Store | undefined
  const spaces: Keyspace[] = []
  try {
    store = await Store.open('/s', { ...options, fileSystem, clock: account.clock })
    spaces.push(...(await keyspacesOf(store)))
    for (const action of actions) await act(store, spaces, action, account, pending)
    await Promise.all(pending)
    return { account, error: undefined, spaces, store }
  } catch (error) {
    await Promise.allSettled(pending)
    return { account, error, spaces, ...(store === undefined ? {} : { store }) }
  }
}

/** All keyspaces, made where they are missing. */
async function keyspacesOf(store: Store): Promise<Keyspace[]> {
  return [
    store,
    await store.keyspace(SPACES[1], { policy: { kind: 'size-tiered', runs: 2 } }),
    await store.keyspace(SPACES[MERGES], { merge: 'append' }),
  ]
}

async function act(
  store: Store,
  spaces: readonly Keyspace[],
  action: Action,
  account: Account,
  pending: Promise<void>[],
): Promise<void> {
  const issued = account.batches.length
  if (action.do === 'write') {
    const { operations, always, via } = action
    const before = store.lastSequence
    const written = write(store, spaces, operations, always, via)
    // A transaction may fail by what it cannot read, and the history go on without it.
    if (store.lastSequence > before) account.batches.push({ operations, at: account.now })
    const done = written.then(() => {
      account.written = Math.max(account.written, issued + 1)
      if (always) account.durable = Math.max(account.durable, issued + 1)
    })
    // It may fail long before anybody looks.
    done.catch(() => {})
    pending.push(done)
    return
  }
  if (action.do === 'tick') {
    account.now += 15
    await Promise.all(pending.splice(0))
    return
  }
  if (action.do === 'ingest') {
    const { operation, always } = action
    if (operation.do !== 'ingest') throw new Error('no ingest')
    // What fails may be there all the same; nothing is written after it.
    account.batches.push({ operations: [operation], at: account.now })
    const entries = operation.keys.map((key) => [key, operation.value] as const)
    const keyspace = spaces[operation.space] as Keyspace
    await keyspace.ingest(entries, always ? { sync: 'always' } : {})
    account.written = Math.max(account.written, issued + 1)
    if (always) account.durable = Math.max(account.durable, issued + 1)
    return
  }
  if (action.do === 'sync') await store.sync()
  else if (action.do === 'flush') await store.flush()
  else await store.compact()
  account.durable = Math.max(account.durable, issued)
}

/** Starts a write. */
function write(
  store: Store,
  spaces: readonly Keyspace[],
  operations: readonly Op[],
  always: boolean,
  via: Via,
): Promise<unknown> {
  const options = always ? ({ sync: 'always' } as const) : {}
  const [op] = operations as readonly [Op]
  const keyspace = spaces[op.space] as Keyspace
  if (via === 'condition' && (op.do === 'put' || op.do === 'delete')) {
    const ifVersion = keyspace.entry(op.key)?.version
    const wrong = keyspace.deleteIf(op.key, { ifVersion: store.lastSequence + 1 })
    if (wrong.applied) throw new Error('a conditional write took another version')
    if (op.do === 'put') {
      const condition = ifVersion === undefined ? { ifAbsent: true as const } : { ifVersion }
      const ttl = op.ttlMs === undefined ? {} : { ttlMs: op.ttlMs }
      return keyspace.putIf(op.key, op.value, condition, { ...options, ...ttl }).done
    }
    if (ifVersion !== undefined) return keyspace.deleteIf(op.key, { ifVersion }, options).done
  }
  if (via !== 'transaction') {
    return store.write(
      operations.map((one) => toOperation(one, spaces)),
      options,
    )
  }
  using transaction = store.begin()
  for (const one of operations) {
    const target = { keyspace: spaces[one.space] as Keyspace }
    transaction.get(one.key, target)
    if (one.do === 'range') transaction.deleteRange({ gte: one.key, lt: one.end }, target)
    else if (one.do === 'delete') transaction.delete(one.key, target)
    else if (one.do === 'merge') transaction.merge(one.key, one.value, target)
    else if (one.do === 'put') transaction.put(one.key, one.value, { ...target, ...ttlOf(one) })
  }
  // Decided when the call returns.
  return transaction.commit(options)
}

function ttlOf(op: Extract<Op, { do: 'put' }>): { readonly ttlMs?: number } {
  return op.ttlMs === undefined ? {} : { ttlMs: op.ttlMs }
}

function toOperation(op: Op, spaces: readonly Keyspace[]): Operation {
  const { key } = op
  const keyspace = spaces[op.space] as Keyspace
  if (op.do === 'range') return { type: 'deleteRange', gte: key, lt: op.end, keyspace }
  if (op.do === 'delete') return { type: 'delete', key, keyspace }
  if (op.do === 'merge') return { type: 'merge', key, value: op.value, keyspace }
  if (op.do === 'ingest') throw new Error('an ingest is no operation of a batch')
  return { type: 'put', key, value: op.value, keyspace, ...ttlOf(op) }
}

/** Everything in the keyspaces, both by scan and by get, as sorted text. */
async function stateOf(spaces: readonly Keyspace[]): Promise<string> {
  const state: [string, string][][] = SPACES.map(() => [])
  for (const [i, keyspace] of spaces.entries()) {
    for await (const [key, value] of keyspace.scan()) {
      const found = keyspace.getSync(key)
      const text = Buffer.from(value).toString()
      if (found === undefined || Buffer.from(found).toString() !== text) {
        throw new Error(`get and scan disagree about ${Buffer.from(key).toString()}`)
      }
      state[i]?.push([Buffer.from(key).toString(), text])
    }
  }
  return JSON.stringify(state)
}

/** How many batches the store holds; it must be a whole number, and at least `least`. */
export async function countBatches(
  store: Store,
  account: Account,
  least: number,
  known?: readonly Keyspace[],
): Promise<number> {
  const state = await stateOf(known ?? (await keyspacesOf(store)))
  let sequence = 0
  for (let count = 0; count <= account.batches.length; count++) {
    if (sequence === store.lastSequence) {
      const expected = account.stateAfter(count)
      if (state !== expected) {
        throw new Error(
          `after ${count} batches: ${state.slice(0, 400)}, not ${expected.slice(0, 400)}`,
        )
      }
      if (count < least) throw new Error(`${count} batches are left, ${least} were promised`)
      return count
    }
    sequence += account.batches[count]?.operations.length ?? 0
  }
  throw new Error(`sequence ${store.lastSequence} is inside a batch`)
}
