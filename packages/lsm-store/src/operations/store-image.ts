import { encodeState, type ManifestState } from '../manifest/manifest-format.ts'
import { tableName } from '../sstable/table-format.ts'
import type { Engine } from '../store/engine.ts'
import type { OpenedStore } from '../store/open-store.ts'
import { valueFileName } from '../value-files/value-file-format.ts'
import { valueFilesOf } from '../value-files/value-ref.ts'
import { logName } from '../wal/log-format.ts'

/** A table or value file of an image: it never changes. */
export interface ImageFile {
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
  readonly tables: readonly ImageFile[]
  /** Files that the tables point into. */
  readonly values: readonly ImageFile[]
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
  const fileOf = (name: string, bytes: number): ImageFile => ({
    name,
    path: `${path}/${name}`,
    bytes,
  })
  const tablesNow = metas.map(({ number, bytes }) => fileOf(tableName(number), bytes))
  const values = [...valueFilesOf(metas).values()].map(({ file, size }) =>
    fileOf(valueFileName(file), size),
  )
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
    values,
    logs,
    lastSequence,
    bytes:
      sum([...tablesNow, ...values].map(({ bytes }) => bytes)) +
      sum(logs.map((log) => log.content.length)),
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
