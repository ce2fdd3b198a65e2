import type { Store } from '@ashlar/lsm-store'
import { SchedulerError } from '../errors.ts'

// Kept per process on purpose, and weakly: two schedulers on one store would run every task twice.
const claims = new WeakMap<Store, Set<string>>()

/** Makes sure that a store and prefix have one scheduler in this process; returns how to let go. */
export function claim(store: Store, prefix: string): () => void {
  const taken = claims.get(store) ?? new Set()
  claims.set(store, taken)
  for (const other of taken) {
    if (!other.startsWith(prefix) && !prefix.startsWith(other)) continue
    throw new SchedulerError(
      'SCHEDULER_OPEN',
      `the store at ${store.path} has an open scheduler with prefix '${other}': close it, or use another prefix`,
    )
  }
  taken.add(prefix)
  return () => void taken.delete(prefix)
}
