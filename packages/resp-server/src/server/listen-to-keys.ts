import type { ServerContext } from './context.ts'

/** Has the keyspace tell those who want to know what changes, and nobody else. */
export function listenToKeys({ keyspace, tracking, modules, clients }: ServerContext): void {
  const { changes } = modules
  const tracked = tracking.isOn
    ? (key: string) => tracking.keyChanged(key, keyspace.changedBy)
    : undefined
  const heard = changes.hasListeners ? changes.note : undefined
  keyspace.onKeyChanged =
    tracked === undefined || heard === undefined
      ? (tracked ?? heard)
      : (key, database) => {
          tracked(key)
          heard(key, database)
        }
  keyspace.beforeRemoval = changes.hasBeforeListeners ? changes.before : undefined
  keyspace.onFlushed = (databases) => {
    tracking.allChanged(clients.all())
    modules.flushed(databases)
  }
  keyspace.onSwapped = ({ index: first }, { index: second }) => modules.swapped(first, second)
}
