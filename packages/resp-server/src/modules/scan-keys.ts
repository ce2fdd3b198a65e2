import type { Database } from '../keyspace/database.ts'
import { typeNameOf } from '../keyspace/value-types.ts'
import { nextKeys, type WalkPosition } from '../persistence/key-pages.ts'
import type { ServerContext } from '../server/context.ts'
import type { ScanOptions } from './module-host.ts'

const DEFAULT_PER_TURN = 1000
/** How soon to look again whether all keys are in memory. */
const LOADING_POLL_MS = 10

/**
 * Keys of a database in slices, with commands in between. A database that is flushed or swapped
 * meanwhile goes on with what it holds then.
 */
export async function* scanKeys(
  { clock, durability, keyspace }: ServerContext,
  database: Database,
  { prefix = '', type, perTurn = DEFAULT_PER_TURN, signal }: ScanOptions,
): AsyncIterableIterator<readonly string[]> {
  while (!database.table.isComplete && durability.isLoading && signal?.aborted !== true) {
    await new Promise<void>((resolve) => clock.setTimer(resolve, LOADING_POLL_MS))
  }
  let { table } = database
  let position: WalkPosition | undefined
  while (signal?.aborted !== true) {
    if (database.table !== table) {
      table = database.table
      position = undefined
    }
    keyspace.refreshTime()
    const page = nextKeys(durability, database, position, perTurn, false)
    const found = page.keys
      .filter(({ resident }) => type === undefined || typeNameOf(resident) === type)
      .map(({ name }) => name)
      .filter((name) => name.startsWith(prefix))
    if (found.length > 0) yield found
    if (page.next === undefined) return
    position = page.next
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
}
