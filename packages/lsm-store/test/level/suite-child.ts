// Runs abstract-level's published test suite; the exit code tells. Spawned by suite.conformance.test.ts.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type FileSystem, memoryFileSystem, nodeFileSystem } from '@ashlar/lsm-store'
import { type LevelOptions, LsmLevel } from '@ashlar/lsm-store/level'
import suite from 'abstract-level/test/index.js'
import test from 'tape'

/** Files as they are, but nobody waits for the disk: the suite opens 1,500 databases. */
function unsynced(): FileSystem {
  const inner = nodeFileSystem()
  return {
    ...inner,
    open(path, mode) {
      const file = inner.open(path, mode)
      file.sync = async () => {}
      file.syncNow = () => {}
      return file
    },
    syncDirectory: async () => {},
    syncDirectoryNow: () => {},
  }
}

const root = mkdtempSync(join(tmpdir(), 'ashlar-level-suite-'))
const small = process.argv[2] === 'small'
const fileSystem = small ? memoryFileSystem() : unsynced()
let databases = 0

process.on('exit', () => rmSync(root, { recursive: true, force: true }))

suite({
  test,
  factory(options: LevelOptions<string, string> = {}) {
    databases += 1
    // Memtables and tables so small that reads cross them all.
    const tiny = { memtableBytes: 1024, tables: { blockBytes: 64, levelZeroTables: 2 } }
    return new LsmLevel(join(root, String(databases)), {
      ...options,
      store: { fileSystem, ...(small ? { ...tiny, blockCacheBytes: 0 } : {}) },
    })
  },
})
