import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Logger, systemClock, systemRandom } from '@ashlar/codec'
import type { Settings } from '../config/settings.ts'
import { importRdb } from '../rdb/move-data.ts'
import type { ServerContext } from './context.ts'
import { RespServer } from './resp-server.ts'
import { ServerCore } from './server.ts'

/** The folder below `dir` that holds the store. */
const STORE_FOLDER = 'ashlar-resp'

/** There from before the store is made until an RDB file has been imported into it. */
const IMPORT_MARK = 'ashlar-resp.importing'

/**
 * Moves in: where there is no store yet, or none is kept, an RDB file in `dir` is imported, as
 * redis-server loads it. An import that was cut off is begun anew.
 */
function planImport(settings: Settings, path: string | undefined): typeof moveIn | undefined {
  const mark = join(settings.dir, IMPORT_MARK)
  if (!existsSync(join(settings.dir, settings.dbfilename))) return undefined
  if (path === undefined) return moveIn
  if (!existsSync(path)) writeFileSync(mark, '')
  return existsSync(mark) ? moveIn : undefined
}

async function moveIn(server: ServerContext): Promise<void> {
  const { settings, keyspace, logger } = server
  const file = join(settings.dir, settings.dbfilename)
  keyspace.flush(keyspace.databases)
  const { keys, expired, libraries } = await importRdb(server, file)
  rmSync(join(settings.dir, IMPORT_MARK), { force: true })
  logger.info('imported', { file, keys, expired, libraries })
}

/** Opens a server as a configuration file or command line describes it. */
export async function openFromSettings(
  settings: Settings,
  logger: Logger,
  onShutdown: () => void,
  listens = true,
): Promise<RespServer> {
  const path = settings.appendonly ? join(settings.dir, STORE_FOLDER) : undefined
  const prepare = planImport(settings, path)
  if (path !== undefined) mkdirSync(path, { recursive: true })
  const core = await ServerCore.open({
    settings,
    listensOnTcp: listens && (settings.port !== 0 || settings.unixsocket === ''),
    path,
    store: undefined,
    clock: systemClock,
    random: systemRandom,
    logger,
    readPath: 'shared',
    modules: [],
    onShutdown,
    ...(prepare && { prepare }),
  })
  return new RespServer(core)
}
