import { open } from 'node:fs/promises'
import type { FrozenRecords } from '../persistence/frozen-records.ts'
import type { ServerContext } from '../server/context.ts'
import { factsOf } from './move-data.ts'
import { type RdbItem, writeRdb } from './rdb-file.ts'

/** Encoded in one turn of the event loop: a few milliseconds' work. */
const PIECE_BYTES = 16 * 1024
/** Keys that are looked at in one turn. */
const KEYS_PER_TURN = 1000

/** Names what is frozen: which database is which table, and libraries, which are not in it. */
interface Contents {
  readonly tables: readonly number[]
  readonly libraries: readonly string[]
}

/**
 * Writes an RDB file of everything that was there when it was called, while others are served and
 * change it. Answers its size. Rejects when the signal says so, or with the error of the file system.
 */
export async function exportFrozen(
  server: ServerContext,
  frozen: FrozenRecords,
  path: string,
  signal: AbortSignal,
): Promise<number> {
  const contents = {
    tables: server.keyspace.databases.map(({ table }) => table.id),
    libraries: [...server.scripting.libraries.all].map(({ code }) => code),
  }
  const facts = factsOf(server)
  try {
    const isNew = await hasExpiringFields(frozen, contents, signal)
    await using file = await open(path, 'w')
    let bytes = 0
    const items = itemsOf(frozen, contents)
    for (const piece of writeRdb(items, server.settings, facts, isNew, PIECE_BYTES)) {
      for (let at = 0; at < piece.length; ) {
        const { bytesWritten } = await file.write(piece, at)
        at += bytesWritten
      }
      signal.throwIfAborted()
      bytes += piece.length
    }
    return bytes
  } finally {
    frozen[Symbol.dispose]()
  }
}

function* itemsOf(frozen: FrozenRecords, { tables, libraries }: Contents): Generator<RdbItem> {
  for (const library of libraries) yield { library }
  for (const [database, table] of tables.entries()) {
    for (const { name, value, expiry } of frozen.entries(table)) {
      yield { database, key: name, value, expiry }
    }
  }
}

/** Whether fields of a hash expire: older versions of Redis know no such thing. */
async function hasExpiringFields(
  frozen: FrozenRecords,
  { tables }: Contents,
  signal: AbortSignal,
): Promise<boolean> {
  let looked = 0
  for (const table of tables) {
    for (const value of frozen.coldValues(table)) {
      if (value?.type === 'hash' && value.length >= 1) return true
      looked += 1
      if (looked % KEYS_PER_TURN > 0) continue
      await new Promise<void>((resolve) => setImmediate(resolve))
      signal.throwIfAborted()
    }
  }
  return false
}
