import { mkdirSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { type Logger, systemClock, systemRandom } from '@ashlar/codec'
import type { Settings } from '../config/settings.ts'
import { RespServerError } from '../errors.ts'
import { loadModules } from '../modules/load-modules.ts'
import { tlsFromSettings } from '../network/tls.ts'
import { type ResolvedReplication, resolveReplication } from '../replication/replication-options.ts'
import { planImport } from './move-in.ts'
import { openTransport } from './open-transport.ts'
import { RespServer } from './resp-server.ts'
import { ServerCore } from './server.ts'

/** The folder below `dir` that holds the store. */
const STORE_FOLDER = 'ashlar-resp'

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
  if (isImporting) throw invalid('import the files of Redis first, without replication-transport')
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
