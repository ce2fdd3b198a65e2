import type { Database } from '../keyspace/database.ts'
import type { ServerContext } from '../server/context.ts'
import type { ScanOptions } from './module-host.ts'

const DEFAULT_PER_TURN = 1000
/** How soon to look again whether all keys are in memory. */
const LOADING_POLL_MS = 10

/**
 * Keys of a database in slices, with commands in between. Walks from the last slot to the first:
 * removals move the last key into the gap, so nothing that stays is missed (see IndexedMap). A
 * database that is flushed or swapped meanwhile goes on with what it holds then.
 */
export async function* scanKeys(
  { clock, durability, keyspace }: ServerContext,
  database: Database,
  { prefix = '', type, perTurn = DEFAULT_PER_TURN, signal }: ScanOptions,
): AsyncIterableIterator<readonly string[]> {
  while (!database.table.isComplete && durability.isLoading && signal?.aborted !== true) {
    await new Promise<void>((resolve) => clock.setTimer(resolve, LOADING_POLL_MS))
  }
  durability.loadAll(database.table)
  let { table } = database
  let from = table.size
  while (from > 0 && signal?.aborted !== true) {
    if (database.table !== table) {
      table = database.table
      durability.loadAll(table)
      from = table.size
    }
    from = Math.min(from, table.size)
    const to = Math.max(0, from - perTurn)
    const found: string[] = []
    keyspace.refreshTime()
    for (let slot = from - 1; slot >= to; slot -= 1) {
      const key = table.keyAt(slot)
      if (!key.startsWith(prefix) || table.expiryAt(slot) < keyspace.now) continue
      if (type === undefined || database.typeAt(slot) === type) found.push(key)
    }
    from = to
    if (found.length > 0) yield found
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
}
