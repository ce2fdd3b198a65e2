import { existsSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { importAof } from '../aof/import-aof.ts'
import { type AofFiles, findAof } from '../aof/manifest.ts'
import type { Settings } from '../config/settings.ts'
import { RespServerError } from '../errors.ts'
import { importRdb } from '../rdb/move-data.ts'
import type { ServerContext } from './context.ts'

/** There from before the store is made until what redis-server left has been imported into it. */
const IMPORT_MARK = 'ashlar-resp.importing'

type Import = (server: ServerContext) => Promise<void>

/**
 * Moves in: where there is no store yet, or none is kept, what a redis-server left in `dir` is imported,
 * its append-only log or its RDB file. An import that was cut off is begun anew. Throws CONFIG_INVALID
 * where both are there and nobody said which of them counts.
 */
export function planImport(settings: Settings, path: string | undefined): Import | undefined {
  const mark = join(settings.dir, IMPORT_MARK)
  if (path !== undefined && existsSync(path) && !existsSync(mark)) return undefined
  const source = findSource(settings)
  if (source === undefined) {
    if (path === undefined || !existsSync(mark)) return undefined
    throw new RespServerError(
      'CONFIG_INVALID',
      `${path} holds half an import, and what was imported is not in ${settings.dir} any more: bring it back, or remove ${path} and ${mark}`,
    )
  }
  if (path !== undefined && !existsSync(path)) writeFileSync(mark, '')
  return async (server) => {
    server.keyspace.flush(server.keyspace.databases)
    await source(server)
    rmSync(mark, { force: true })
  }
}

function findSource(settings: Settings): Import | undefined {
  const { importFrom, dir, dbfilename } = settings
  const rdb = join(dir, dbfilename)
  const aof = importFrom === 'rdb' ? undefined : findAof(settings)
  const hasRdb = importFrom !== 'aof' && existsSync(rdb)
  if (aof !== undefined && hasRdb) throw unclear(rdb, aof)
  if (aof !== undefined) return fromAof(aof)
  return hasRdb ? fromRdb(rdb) : undefined
}

/** Only who ran the other server knows whether its log was on. */
function unclear(rdb: string, aof: AofFiles): RespServerError {
  const log = aof.at(-1) as string
  const written = (path: string): string =>
    existsSync(path) ? `, written ${statSync(path).mtime.toISOString()}` : ''
  const both = `${rdb}${written(rdb)}, and ${log}${written(log)}`
  return new RespServerError(
    'CONFIG_INVALID',
    `there are ${both}: say --import-from aof if redis-server ran with appendonly yes, which keeps both, or else rdb`,
  )
}

const fromRdb =
  (file: string): Import =>
  async (server) => {
    const { keys, expired, libraries } = await importRdb(server, file)
    server.logger.info('imported', { file, keys, expired, libraries })
  }

const fromAof =
  (files: AofFiles): Import =>
  async (server) => {
    const { errors, truncatedBytes } = await importAof(server, files)
    const keys = server.keyspace.databases.reduce((sum, { table }) => sum + table.size, 0)
    server.logger.info('imported', { file: files.at(-1), files: files.length, keys })
    if (truncatedBytes > 0) {
      server.logger.warn('the log ends within a command or transaction, which is left out', {
        truncatedBytes,
      })
    }
    if (errors > 0) server.logger.warn('commands of the log failed here', { errors })
  }
