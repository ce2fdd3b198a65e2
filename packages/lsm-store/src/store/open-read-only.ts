import { isStoreError } from '../errors.ts'
import { FrozenFiles } from '../fs/frozen-files.ts'
import type { ResolvedOptions } from '../options.ts'
import { type OpenedStore, openStore } from './open-store.ts'

/** Between listing the files and reading the manifest, the owner may have replaced some. */
const ATTEMPTS = 10

/** Opens a store as it is now, whoever has it open, and leaves it alone. */
export async function openReadOnly(path: string, options: ResolvedOptions): Promise<OpenedStore> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await openStore(path, {
        ...options,
        fileSystem: new FrozenFiles(options.fileSystem),
        createIfMissing: false,
        tables: { ...options.tables, compaction: 'inline' },
      })
    } catch (error) {
      if (attempt === ATTEMPTS || !isStoreError(error, 'STORE_CORRUPT')) throw error
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
}
