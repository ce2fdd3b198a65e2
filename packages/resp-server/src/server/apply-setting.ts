import type { Settings } from '../config/settings.ts'
import { gateOf } from '../replication/lone-gate.ts'
import type { ServerContext } from './context.ts'

/** What goes by a setting that CONFIG SET has changed, and would not look at it again by itself. */
export function applySetting(server: ServerContext, name: keyof Settings): void {
  const { settings, keyspace } = server
  switch (name) {
    case 'appendfsync':
      server.durability.appendFsync = settings.appendfsync
      break
    case 'notifyKeyspaceEvents':
      keyspace.events.publishes(settings.notifyKeyspaceEvents)
      break
    case 'moduleParameters':
      server.modules.parametersChanged()
      break
    case 'requirepass':
      server.acl.setDefaultPassword(settings.requirepass)
      break
    case 'trackingTableMaxKeys':
      server.tracking.limit(settings.trackingTableMaxKeys)
      break
    case 'minReplicasToWrite':
    case 'minReplicasMaxLag':
      if (settings.replicaof === '') server.gate = gateOf(server)
      break
    default:
  }
  if (settings.maxmemory === 0) server.scripting.runner.isOutOfMemory = false
  else if (name === 'maxmemory') server.eviction.makeRoom()
  server.timing.settingsChanged()
  keyspace.accesses.countsUses = settings.maxmemoryPolicy.endsWith('lfu')
}
