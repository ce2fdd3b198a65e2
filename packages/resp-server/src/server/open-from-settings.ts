import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Logger, systemClock, systemRandom } from '@ashlar/codec'
import type { Settings } from '../config/settings.ts'
import { RespServer, ServerCore } from './server.ts'

/** The folder below `dir` that holds the store. */
const STORE_FOLDER = 'ashlar-resp'

/** Opens a server as a configuration file or command line describes it. */
export async function openFromSettings(
  settings: Settings,
  logger: Logger,
  onShutdown: () => void,
): Promise<RespServer> {
  const path = settings.appendonly ? join(settings.dir, STORE_FOLDER) : undefined
  if (path !== undefined) mkdirSync(path, { recursive: true })
  const core = await ServerCore.open({
    settings,
    listensOnTcp: settings.port !== 0 || settings.unixsocket === '',
    path,
    store: undefined,
    clock: systemClock,
    random: systemRandom,
    logger,
    readPath: 'shared',
    onShutdown,
  })
  return new RespServer(core)
}
