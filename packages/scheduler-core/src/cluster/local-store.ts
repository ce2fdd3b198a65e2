import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeFileSystem, Store } from '@ashlar/lsm-store'
import { unloggedFiles } from './unlogged-files.ts'

/** Tasks are small and mostly read in order: whoever asks for it waits until a memtable is sorted. */
const OPTIONS = {
  memtableBytes: 4 * 1024 * 1024,
  blockCacheBytes: 16 * 1024 * 1024,
  changeRetentionBytes: 0,
  sync: 'none',
} as const

export interface LocalStore {
  readonly store: Store
  readonly close: () => Promise<void>
}

/** The store of local copies: empty at first, and gone when it is closed, unless it is the caller's. */
export async function openLocalStore(given: {
  readonly store?: Store | undefined
  readonly path?: string | undefined
}): Promise<LocalStore> {
  if (given.store !== undefined) return { store: given.store, close: () => Promise.resolve() }
  const path = given.path ?? (await mkdtemp(join(tmpdir(), 'ashlar-scheduler-')))
  const fileSystem = unloggedFiles(nodeFileSystem())
  const store = await Store.open(path, { ...OPTIONS, fileSystem })
  await store.write([{ type: 'deleteRange' }])
  return {
    store,
    close: async () => {
      await store.close()
      if (given.path === undefined) await rm(path, { recursive: true, force: true })
    },
  }
}
