import { Sweep } from '../keyspace/sweep.ts'
import type { ServerContext } from './context.ts'

/** Removes what expires while the store alone has it; undefined where there is no store. */
export function sweepOf(server: ServerContext): Sweep | undefined {
  const { keyspace, clock, durability, logger } = server
  if (!durability.isPersistent) return undefined
  return new Sweep(keyspace, clock, {
    get failure() {
      return durability.failure
    },
    get isOverloaded() {
      return durability.isOverloaded
    },
    makeRoom: () => {
      if (server.settings.maxmemory > 0) server.eviction.makeRoom()
    },
    failed: (error) => {
      logger.error('keys that have expired could not be removed', { error: String(error) })
    },
  })
}
