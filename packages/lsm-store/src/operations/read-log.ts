import { type FileSystem, readWholeFile } from '../fs/file-system.ts'
import { Memtable } from '../memtable/memtable.ts'
import { FILE_HEADER_BYTES, GROUP_HEADER_BYTES, readGroupHeader } from '../wal/log-format.ts'
import { type Replay, replayLog } from '../wal/log-replay.ts'

/** What a log holds, up to `bytes`: read, and changed in nothing. */
export function readLog(
  fileSystem: FileSystem,
  path: string,
  bytes: number = Number.POSITIVE_INFINITY,
): { readonly memtable: Memtable; readonly replay: Replay } {
  const content = readWholeFile(fileSystem, path).subarray(0, bytes)
  const memtable = new Memtable(content.length + 1, firstSequenceIn(content))
  memtable.arena.set(content)
  return { memtable, replay: replayLog(path, memtable, content.length) }
}

function firstSequenceIn(log: Uint8Array): number {
  if (log.length < FILE_HEADER_BYTES + GROUP_HEADER_BYTES) return 1
  return readGroupHeader(log, FILE_HEADER_BYTES).firstSequence
}
