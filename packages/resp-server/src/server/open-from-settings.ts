import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { type Logger, systemClock, systemRandom } from '@ashlar/codec'
import type { Settings } from '../config/settings.ts'
import { RespServerError } from '../errors.ts'
import { loadModules } from '../modules/load-modules.ts'
import { tlsFromSettings } from '../network/tls.ts'
import { importRdb } from '../rdb/move-data.ts'
import { type ResolvedReplication, resolveReplication } from '../replication/replication-options.ts'
import type { ServerContext } from './context.ts'
import { openTransport } from './open-transport.ts'
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

/** The group that the settings name, with a connection to the others. */
async function joinGroup(
  settings: Settings,
  path: string | undefined,
  isImporting: boolean,
): Promise<ResolvedReplication | undefined> {
  const { replicationTransport: url, replicationNode, port } = settings
  if (url === '') {
    if (settings.clusterEnabled) throw invalid('cluster-enabled needs replication-transport')
    return undefined
  }
  if (settings.clusterEnabled) settings.databases = 1
  if (path === undefined) throw invalid('replication-transport needs appendonly yes')
  if (isImporting) throw invalid('import the RDB file first, without replication-transport')
  const { replicaAnnounceIp: host, replicaAnnouncePort: announced } = settings
  return resolveReplication({
    transport: await openTransport(url, process.env),
    name: settings.replicationName,
    group: settings.replicationGroup,
    node:
      replicationNode === '' ? `${hostname()}-${port}`.replace(/[^\w-]/g, '-') : replicationNode,
    announce: { ...(host !== '' && { host }), ...(announced !== 0 && { port: announced }) },
    leaseTtlMs: settings.replicationLeaseMs,
    cluster: settings.clusterEnabled,
  })
}

const invalid = (message: string): RespServerError => new RespServerError('CONFIG_INVALID', message)

/** Opens a server as a configuration file or command line describes it. */
export async function openFromSettings(
  settings: Settings,
  logger: Logger,
  onShutdown: () => void,
  listens = true,
): Promise<RespServer> {
  const path = settings.appendonly ? join(settings.dir, STORE_FOLDER) : undefined
  const prepare = planImport(settings, path)
  const replication = listens ? await joinGroup(settings, path, prepare !== undefined) : undefined
  if (path !== undefined) mkdirSync(path, { recursive: true })
  const core = await ServerCore.open({
    settings,
    listensOnTcp:
      listens && (settings.port !== 0 || (settings.unixsocket === '' && settings.tlsPort === 0)),
    ...(listens && { tls: tlsFromSettings(settings) }),
    path,
    store: undefined,
    clock: systemClock,
    random: systemRandom,
    logger,
    readPath: 'shared',
    modules: await loadModules(settings.loadModules),
    onShutdown,
    ...(replication && { replication }),
    ...(prepare && { prepare }),
  })
  return new RespServer(core)
}
