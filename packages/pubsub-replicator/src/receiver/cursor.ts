import { createRecordCodec } from '@ashlar/codec'
import type { Operation, Store } from '@ashlar/lsm-store'
import { familyPrefix, keyOf, partsOf } from '../ledger/keyspace.ts'
import type { Position } from '../ledger/life.ts'

/** How far a subscription has come with one publisher. */
export interface Cursor {
  readonly position: Position
  /** Selection for which this holds. */
  readonly digest: string
  /** A snapshot is being taken over, up to the id `after`; the log is read on from `position`. */
  readonly loading: boolean
  readonly after: Uint8Array | undefined
  /** The snapshot is of a publisher that has lost writes: what it lacks stays. */
  readonly recovering: boolean
  /** Wall clock at which it was written. */
  readonly savedMs: number
}

interface SavedCursor extends Omit<Cursor, 'after'> {
  readonly after: Uint8Array | null
}

const codec = createRecordCodec<SavedCursor>({ version: 1 })

/** The write of a cursor, to go into the batch of the data that it speaks of. */
export function cursorOperation(table: string, publisher: string, cursor: Cursor): Operation {
  const value = codec.encode({ ...cursor, after: cursor.after ?? null })
  return { type: 'put', key: keyOf('cursors', [table, publisher]), value }
}

/** Reads a cursor; undefined when nothing was ever received. */
export async function readCursor(
  store: Store,
  table: string,
  publisher: string,
): Promise<Cursor | undefined> {
  const bytes = await store.get(keyOf('cursors', [table, publisher]))
  if (bytes === undefined) return undefined
  const saved = codec.decode(bytes)
  return { ...saved, after: saved.after ?? undefined }
}

/** Removes a cursor. */
export async function deleteCursor(store: Store, table: string, publisher: string): Promise<void> {
  await store.delete(keyOf('cursors', [table, publisher]))
}

/** The publishers from which rows of a table were ever received. */
export async function knownPublishers(store: Store, table: string): Promise<string[]> {
  const publishers: string[] = []
  for await (const [key] of store.scan({ prefix: familyPrefix('cursors'), keysOnly: true })) {
    const [name, publisher] = partsOf(key)
    if (name === table && typeof publisher === 'string') publishers.push(publisher)
  }
  return publishers
}
