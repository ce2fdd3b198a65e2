import { encodeState, type ManifestState } from '../manifest/manifest-format.ts'
import { tableName } from '../sstable/table-format.ts'
import type { Engine } from '../store/engine.ts'
import type { OpenedStore } from '../store/open-store.ts'
import { logName } from '../wal/log-format.ts'

/** A table of an image: it never changes. */
export interface ImageTable {
  readonly name: string
  readonly path: string
  readonly bytes: number
}

/** A log of an image, as it is in memory. */
export interface ImageLog {
  readonly number: number
  readonly name: string
  readonly content: Uint8Array
}

/** A whole store at one moment, as files. */
export interface StoreImage {
  readonly state: ManifestState
  /** The content of both copies of the manifest. */
  readonly manifest: Uint8Array
  readonly tables: readonly ImageTable[]
  readonly logs: readonly ImageLog[]
  readonly lastSequence: number
  readonly bytes: number
  /** Lets go of files and memory. */
  readonly release: () => void
}

/**
 * Takes hold of everything that makes up the store now: the files stay, and the memory of logs is
 * not used again, until `release`. What has been written must stand in the logs already.
 */
function imageOf(opened: OpenedStore, lastSequence: number): StoreImage {
  const { path, tables, segments, garbage } = opened
  const { state } = tables
  const releaseFiles = garbage.hold()
  // A memtable that is in a table already may still be in the list for a moment.
  const needed = segments.list.filter(({ number }) => number >= state.firstLog)
  for (const segment of needed) segment.retain()
  const ingested = needed.flatMap((segment) => segment.ingested.map(({ meta }) => meta))
  const metas = [...[...state.tables.values()].map(({ meta }) => meta), ...ingested]
  const tablesNow = metas.map(({ number, bytes }) => {
    const name = tableName(number)
    return { name, path: `${path}/${name}`, bytes }
  })
  const logs = needed.map(({ number, memtable, written }) => ({
    number,
    name: logName(number),
    content: memtable.arena.subarray(0, written),
  }))
  const sum = (sizes: readonly number[]): number => sizes.reduce((total, size) => total + size, 0)
  return {
    state,
    manifest: encodeState(state),
    tables: tablesNow,
    logs,
    lastSequence,
    bytes: sum(tablesNow.map((table) => table.bytes)) + sum(logs.map((log) => log.content.length)),
    release: () => {
      for (const segment of needed) segment.release()
      releaseFiles()
    },
  }
}

/**
 * Works with the files of a store as they are at the call. With `complete` all that was written is
 * in them, or it fails.
 */
export async function withImage<T>(
  engine: Engine,
  complete: boolean,
  work: (image: StoreImage, options: OpenedStore['options']) => Promise<T>,
): Promise<T> {
  const { opened } = engine
  opened.health.checkReadable()
  if (complete) opened.health.checkOwner()
  const failure = engine.writeOut()
  if (failure !== undefined && complete) throw failure
  const image = imageOf(opened, engine.writtenSequence)
  try {
    return await work(image, opened.options)
  } finally {
    image.release()
  }
}
