import { type ConsumerGroup, UNKNOWN_READ } from './consumer-group.ts'
import { MIN_ID, type StreamId } from './stream-id.ts'
import type { StreamValue } from './stream-value.ts'

/** Whether entries behind an ID may have been deleted, so that counting them is no use. */
export function hasTombstones(stream: StreamValue, from: StreamId): boolean {
  if (stream.size === 0 || stream.maxDeletedId === MIN_ID) return false
  return stream.firstId <= stream.maxDeletedId && from <= stream.maxDeletedId
}

/** How many entries there have ever been up to an ID, where that can be told. */
export function entriesReadUpTo(stream: StreamValue, id: StreamId): number | undefined {
  const { entriesAdded, size, lastId, firstId, maxDeletedId } = stream
  if (entriesAdded === 0) return 0
  if (size === 0 && id <= lastId) return entriesAdded
  if (id === lastId) return entriesAdded
  if (id > lastId) return undefined
  if (maxDeletedId === MIN_ID || maxDeletedId < firstId) {
    if (id < firstId) return entriesAdded - size
    if (id === firstId) return entriesAdded - size + 1
  }
  return undefined
}

/** Entries that the group has not read yet; undefined: nobody can tell. */
export function lagOf(stream: StreamValue, group: ConsumerGroup): number | undefined {
  if (stream.entriesAdded === 0) return 0
  if (group.entriesRead !== UNKNOWN_READ && !hasTombstones(stream, group.lastId)) {
    return stream.entriesAdded - group.entriesRead
  }
  const read = entriesReadUpTo(stream, group.lastId)
  return read === undefined ? undefined : stream.entriesAdded - read
}
