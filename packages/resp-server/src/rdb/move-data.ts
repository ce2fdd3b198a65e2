import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { RespServerError } from '../errors.ts'
import type { Database } from '../keyspace/database.ts'
import { ColdValue } from '../keyspace/value.ts'
import type { Durability } from '../persistence/durability.ts'
import { allEntries, allKeys } from '../persistence/key-pages.ts'
import type { ServerContext } from '../server/context.ts'
import { REDIS_VERSION } from '../server/version.ts'
import { HashValue } from '../values/hash-value.ts'
import { RdbError } from './rdb-error.ts'
import { RdbFile, type RdbItem, writeRdb } from './rdb-file.ts'
import { RdbSource } from './rdb-source.ts'

/** Keys that are made durable together while a file is read, and bytes of it. */
const KEYS_PER_BATCH = 20_000
const BYTES_PER_BATCH = 16 * 1024 * 1024
/** Each lets some thousands of keys go: enough for those of a batch. */
const PASSES_PER_BATCH = 16

export interface ImportedRdb {
  /** Keys set, over what was there. */
  readonly keys: number
  /** Keys left out because their time had passed. */
  readonly expired: number
  readonly libraries: number
}

export interface ImportOptions {
  /** Keys whose time has passed stay until the server that sent them says that they go. */
  readonly keepsExpired?: boolean
  /** Ends it between two keys; it rejects with the reason then. */
  readonly signal?: AbortSignal
}

/** Sets every key of an RDB file, over keys of the same name. Rejects with RDB_INVALID. */
export async function importRdb(
  server: ServerContext,
  path: string,
  options: ImportOptions = {},
): Promise<ImportedRdb> {
  const followed = server.downstream.holdOff()
  try {
    using source = RdbSource.open(path)
    await source.verify(source.size)
    options.signal?.throwIfAborted()
    const file = new RdbFile(source, server.modules.types)
    const imported = await setAll(server, file, options)
    const end = file.position + source.trailerBytes()
    if (end !== source.size) throw new RdbError('bytes behind the end', end)
    return imported
  } catch (error) {
    if (options.signal?.aborted) throw options.signal.reason
    throw new RespServerError('RDB_INVALID', `${path} cannot be imported: ${String(error)}`, {
      cause: error,
    })
  } finally {
    followed()
  }
}

/**
 * Sets every key of the snapshot that a log begins with; none expires. Answers where the snapshot
 * ends. Rejects with what is wrong with it, when keys have been set.
 */
export async function importPreamble(server: ServerContext, path: string): Promise<number> {
  using source = RdbSource.open(path)
  const file = new RdbFile(source, server.modules.types)
  await setAll(server, file, { keepsExpired: true })
  const end = file.position + source.trailerBytes()
  await source.verify(end)
  return end
}

async function setAll(
  server: ServerContext,
  file: RdbFile,
  { keepsExpired = false, signal }: ImportOptions,
): Promise<ImportedRdb> {
  const found = { keys: 0, expired: 0, libraries: 0 }
  let settledAt = 0
  for (const item of file.items()) {
    if ('library' in item) {
      server.scripting.libraries.load(item.library, true)
      found.libraries += 1
      continue
    }
    const database = server.keyspace.databases[item.database]
    if (database === undefined) {
      throw new RdbError(`database ${item.database} does not exist here`, 0)
    }
    server.keyspace.refreshTime()
    if (!keepsExpired && item.expiry <= server.keyspace.now) {
      found.expired += 1
      continue
    }
    database.set(item.key, item.value, item.expiry)
    found.keys += 1
    server.durability.endOfCommand()
    const isMuch = file.position - settledAt > BYTES_PER_BATCH
    if (isMuch || found.keys % KEYS_PER_BATCH === 0) {
      await settled(server)
      leaveToStore(server)
      settledAt = file.position
      signal?.throwIfAborted()
    }
  }
  await settled(server)
  leaveToStore(server)
  signal?.throwIfAborted()
  return found
}

/** With `tier` what comes in may be more than memory; other policies have to wait for the end. */
function leaveToStore({ eviction, keyspace, settings }: ServerContext): void {
  const { maxmemory, maxmemoryPolicy } = settings
  if (maxmemory === 0 || maxmemoryPolicy !== 'tier') return
  for (let left = PASSES_PER_BATCH; left > 0 && keyspace.usedMemory > maxmemory; left -= 1) {
    if (!eviction.makeRoom()) return
  }
}

/** Resolves when everything until now is durable, where anything is. */
export const settled = async (server: ServerContext): Promise<void> => {
  if (server.durability.isPersistent) await server.durability.save()
  else await new Promise<void>((resolve) => setImmediate(resolve))
}

/** What an RDB file is to hold. */
export type RdbContents = 'all' | 'functions' | 'nothing'

function* itemsOf(server: ServerContext, contents: RdbContents): Generator<RdbItem> {
  if (contents === 'nothing') return
  for (const { code } of server.scripting.libraries.all) yield { library: code }
  if (contents === 'functions') return
  for (const database of server.keyspace.databases) {
    for (const { name, value, expiry } of allEntries(server.durability, database)) {
      yield { database: database.index, key: name, value, expiry }
    }
  }
}

/** Whether fields of a hash expire: older versions of Redis know no such thing. */
function hasExpiringFields(durability: Durability, database: Database): boolean {
  for (const { resident: value } of allKeys(durability, database, false)) {
    if (value instanceof HashValue && value.storesExpiries) return true
    if (value instanceof ColdValue && value.type === 'hash' && value.length >= 1) return true
  }
  return false
}

/** What a file says of itself. */
export const factsOf = ({ keyspace }: ServerContext): Readonly<Record<string, string>> => ({
  'redis-ver': REDIS_VERSION,
  'redis-bits': '64',
  ctime: String(Math.floor(keyspace.now / 1000)),
})

/**
 * Writes all data to an RDB file as it is at this moment; nothing else runs meanwhile. The file is
 * there whole or not at all. Answers the number of bytes.
 */
export function exportRdb(
  server: ServerContext,
  path: string,
  contents: RdbContents = 'all',
): number {
  server.keyspace.refreshTime()
  const temporary = `${path}.${process.pid}.tmp`
  const facts = factsOf(server)
  const isNew = server.keyspace.databases.some((database) =>
    hasExpiringFields(server.durability, database),
  )
  let bytes = 0
  const file = openSync(temporary, 'w')
  try {
    for (const piece of writeRdb(itemsOf(server, contents), server.settings, facts, isNew)) {
      for (let at = 0; at < piece.length; ) at += writeSync(file, piece, at)
      bytes += piece.length
    }
    fsyncSync(file)
  } catch (error) {
    closeSync(file)
    rmSync(temporary, { force: true })
    throw error
  }
  closeSync(file)
  renameSync(temporary, path)
  return bytes
}
