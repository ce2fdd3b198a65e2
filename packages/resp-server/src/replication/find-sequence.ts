import { isStoreError, type Store } from '@ashlar/lsm-store'
import { decodeState, REPLICATION_KEY, type ReplicationState } from './replication-state.ts'

/**
 * Where in this primary's store a node stands that has a timeline up to a sequence; undefined when
 * it has something that this one has not, or when the log does not go back so far.
 */
export async function findSequence(
  store: Store,
  { timeline, ancestor }: ReplicationState,
  id: string,
  sequence: number,
): Promise<number | undefined> {
  if (id === timeline.id) return sequence
  if (id !== ancestor?.id || sequence > ancestor.upTo) return undefined
  return ancestor.isOwn ? sequence : await searchLog(store, id, sequence)
}

/** The change under which this store noted that it had come to the place. */
async function searchLog(store: Store, id: string, sequence: number): Promise<number | undefined> {
  try {
    const since = store.oldestChange
    for await (const change of store.changes({ since, prefix: REPLICATION_KEY })) {
      for (const operation of change.operations) {
        if (operation.type !== 'put' || !REPLICATION_KEY.equals(operation.key)) continue
        const noted = decodeState(operation.value)
        if (noted.timeline.id === id && noted.sequence === sequence) return change.sequence
      }
    }
    return undefined
  } catch (error) {
    // it was cut off in front while it was read
    if (isStoreError(error, 'CHANGES_TRUNCATED')) return undefined
    throw error
  }
}
