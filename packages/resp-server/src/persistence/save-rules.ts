import type { ServerContext } from '../server/context.ts'

/** Whether a rule of `save` is met: so many changes in so many seconds. */
export function isSaveDue({ keyspace, durability, settings, clock }: ServerContext): boolean {
  if (!durability.isPersistent) return false
  const changes = keyspace.dirty - keyspace.savedDirty
  const elapsedMs = clock.now() - durability.lastSave
  return settings.save.some((one) => changes >= one.changes && elapsedMs >= one.seconds * 1000)
}
