import type { FileSystem } from '../fs/file-system.ts'
import { isMissing } from '../fs/file-system.ts'

const DATA = /^(?:\d{8,}\.(?:log|table|values)(?:\.damaged)?|MANIFEST-[AB](?:\.tmp)?)$/
const LOCK_FILES = /^(?:LOCK(?:-journal)?|HOLDER)$/

/**
 * Removes a store's files and nothing else; fine when there are none.
 *
 * @throws StoreError `STORE_LOCKED` when it is open.
 */
export function destroyFiles(fileSystem: FileSystem, path: string): void {
  let names: readonly string[]
  try {
    names = fileSystem.list(path)
  } catch (error) {
    if (isMissing(error)) return
    throw error
  }
  const data = names.filter((name) => DATA.test(name))
  if (data.length === 0 && !names.some((name) => LOCK_FILES.test(name))) return
  const lock = fileSystem.lock(path)
  try {
    // Manifests last: without them what is left would not be known as a store.
    for (const name of data.sort().toReversed()) fileSystem.removeNow(`${path}/${name}`)
    fileSystem.syncDirectoryNow(path)
  } finally {
    lock.release()
  }
  for (const name of fileSystem.list(path)) {
    if (LOCK_FILES.test(name)) fileSystem.removeNow(`${path}/${name}`)
  }
}
