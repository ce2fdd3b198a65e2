import type { ServerContext } from './context.ts'

/** Has the keyspace tell those who want to know what changes, and nobody else. */
export function listenToKeys(server: ServerContext): void {
  const { keyspace, tracking, modules, replication, clients } = server
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
  keyspace.onReplaced = () => tracking.allChanged(clients.all())
  keyspace.onFlushed = (databases) => {
    tracking.allChanged(clients.all())
    modules.flushed(databases)
  }
  keyspace.onSwapped = ({ index: first }, { index: second }) => modules.swapped(first, second)
  if (heard !== undefined) replication?.needNames()
}
