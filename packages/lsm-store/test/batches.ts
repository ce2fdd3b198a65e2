import { type Random, seededRandom } from '@ashlar/codec'
import { type FileSystem, type Operation, Store, type StoreOptions } from '@ashlar/lsm-store'

/** Sets a key, deletes it, or deletes the keys of `[key, end)`. */
export interface Op {
  readonly key: string
  readonly value: string | undefined
  readonly end?: string
}

/** What a script does next. */
export type Action =
  | { readonly do: 'write'; readonly operations: readonly Op[]; readonly always: boolean }
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
  const operations = Array.from({ length: 1 + Math.floor(random.next() * 5) }, () => {
    const key = `key-${Math.floor(random.next() * 12)}`
    if (random.next() < 0.1) {
      const other = `key-${Math.floor(random.next() * 12)}`
      return { key, value: undefined, end: `${other > key ? other : key}~` }
    }
    const length = random.next() < 0.1 ? 1500 : Math.floor(random.next() * 40)
    return { key, value: random.next() < 0.25 ? undefined : 'v'.repeat(length) + dice }
  })
  return { do: 'write', operations, always: random.next() < 0.5 }
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
    compression: ['none', 'lz4'],
  },
}

/** What is known of writes when a run has ended, however it did. */
export interface Account {
  /** Batches in the order of their calls. */
  readonly batches: (readonly Op[])[]
  /** So many of them were acknowledged as written, and as durable. */
  written: number
  durable: number
}

/**
 * Does the actions until one fails. `writes` are not awaited one by one, so that they share groups
 * and some are in flight when something breaks.
 */
export async function play(
  fileSystem: FileSystem,
  actions: readonly Action[],
  options: StoreOptions,
): Promise<{ readonly account: Account; readonly error: unknown; readonly store?: Store }> {
  const account: Account = { batches: [], written: 0, durable: 0 }
  const pending: Promise<void>[] = []
  let store: Store | undefined
  try {
    store = await Store.open('/s', { ...options, fileSystem })
    for (const action of actions) await act(store, action, account, pending)
    await Promise.all(pending)
    return { account, error: undefined, store }
  } catch (error) {
    await Promise.allSettled(pending)
    return { account, error, ...(store === undefined ? {} : { store }) }
  }
}

async function act(
  store: Store,
  action: Action,
  account: Account,
  pending: Promise<void>[],
): Promise<void> {
  const issued = account.batches.length
  if (action.do === 'write') {
    const operations = action.operations.map(toOperation)
    const done = store.write(operations, action.always ? { sync: 'always' } : {}).then(() => {
      account.written = Math.max(account.written, issued + 1)
      if (action.always) account.durable = Math.max(account.durable, issued + 1)
    })
    account.batches.push(action.operations)
    // It may fail long before anybody looks.
    done.catch(() => {})
    pending.push(done)
    return
  }
  if (action.do === 'tick') {
    await Promise.all(pending.splice(0))
    return
  }
  if (action.do === 'sync') await store.sync()
  else if (action.do === 'flush') await store.flush()
  else await store.compact()
  account.durable = Math.max(account.durable, issued)
}

function toOperation({ key, value, end }: Op): Operation {
  if (end !== undefined) return { type: 'deleteRange', gte: key, lt: end }
  return value === undefined ? { type: 'delete', key } : { type: 'put', key, value }
}

/** The state after the first `count` batches, as sorted text. */
export function stateAfter(batches: readonly (readonly Op[])[], count: number): string {
  const state = new Map<string, string>()
  for (const { key, value, end } of batches.slice(0, count).flat()) {
    if (end !== undefined) {
      for (const other of [...state.keys()]) if (other >= key && other < end) state.delete(other)
    } else if (value === undefined) state.delete(key)
    else state.set(key, value)
  }
  return JSON.stringify([...state].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Everything in the store, both by scan and by get, as sorted text. */
export async function stateOf(store: Store): Promise<string> {
  const entries: [string, string][] = []
  for await (const [key, value] of store.scan()) {
    const found = store.getSync(key)
    const text = Buffer.from(value).toString()
    if (found === undefined || Buffer.from(found).toString() !== text) {
      throw new Error(`get and scan disagree about ${Buffer.from(key).toString()}`)
    }
    entries.push([Buffer.from(key).toString(), text])
  }
  return JSON.stringify(entries)
}

/** How many batches the store holds; it must be a whole number, and at least `least`. */
export async function countBatches(store: Store, account: Account, least: number): Promise<number> {
  const state = await stateOf(store)
  let sequence = 0
  for (let count = 0; count <= account.batches.length; count++) {
    if (sequence === store.lastSequence) {
      if (state !== stateAfter(account.batches, count)) {
        throw new Error(`state is not that after ${count} batches: ${state.slice(0, 500)}`)
      }
      if (count < least) throw new Error(`${count} batches are left, ${least} were promised`)
      return count
    }
    sequence += account.batches[count]?.length ?? 0
  }
  throw new Error(`sequence ${store.lastSequence} is inside a batch`)
}
