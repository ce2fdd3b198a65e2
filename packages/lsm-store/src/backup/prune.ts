import type { FileSystem } from '../fs/file-system.ts'
import { filesOf, listIds, readRecord, recordPath, recordsOf } from './backup-record.ts'

/** Removes all backups but the newest `keep`, then files that no backup needs. */
export async function removeUnused(
  fileSystem: FileSystem,
  directory: string,
  keep: number,
): Promise<void> {
  const ids = listIds(fileSystem, directory)
  for (const id of ids.slice(0, Math.max(0, ids.length - keep))) {
    fileSystem.removeNow(recordPath(directory, id))
  }
  // Records first, and durably: a file must not go before what names it.
  await fileSystem.syncDirectory(recordsOf(directory))
  const needed = new Set<string>()
  for (const id of listIds(fileSystem, directory)) {
    for (const { hash } of readRecord(fileSystem, directory, id).files) needed.add(hash)
  }
  for (const name of fileSystem.list(filesOf(directory))) {
    if (!needed.has(name)) await fileSystem.remove(`${filesOf(directory)}/${name}`)
  }
}
