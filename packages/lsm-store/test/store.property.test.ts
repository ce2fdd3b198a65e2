import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memoryFileSystem, type StoreOptions } from '@ashlar/lsm-store'
import fc from 'fast-check'
import { describe, it } from 'vitest'
import { HistoryRun, history } from './history.ts'

const RUNS = Number(process.env['ASHLAR_HISTORIES'] ?? 25)

/** Everything so small that each read crosses files and each history compacts. */
const TINY = {
  memtableBytes: 1024,
  blockCacheBytes: 0,
  tables: {
    blockBytes: 64,
    tableBytes: 1024,
    levelBytes: 1024,
    levelZeroTables: 1,
    compactionThreads: 3,
    partitionBytes: 16,
  },
} as const
/** Most values in value files. */
const APART = { ...TINY, tables: { ...TINY.tables, largeValueBytes: 32 } } as const
const SMALL = {
  flushOnCloseBytes: 0,
  memtableBytes: 4096,
  blockCacheBytes: 8192,
  tables: {
    blockBytes: 256,
    tableBytes: 4096,
    levelBytes: 8192,
    levelZeroTables: 3,
  },
} as const

const OPTION_SETS: Readonly<Record<string, StoreOptions>> = {
  'all in memory': {},
  'tiny tables, no cache': TINY,
  'tiny tables, no change log': { ...TINY, changeRetentionBytes: 0 },
  'small tables, small cache, synced writes': { ...SMALL, sync: 'always' },
  'small tables, blocks compressed by lz4': {
    ...SMALL,
    tables: { ...SMALL.tables, compression: 'lz4' },
  },
  'tiny tables, compressed differently on each level': {
    ...TINY,
    tables: { ...TINY.tables, blockBytes: 512, compression: ['none', 'lz4', 'zstd'] },
  },
  'tiny tables, all in a cache': { ...TINY, blockCacheBytes: 1024 * 1024 },
  'small tables, a cache of one piece': { ...SMALL, blockCacheBytes: 6000 },
  'tiny tables, most values apart': APART,
  'small tables, large values apart and compressed': {
    ...SMALL,
    tables: { ...SMALL.tables, tableBytes: 16 * 1024, largeValueBytes: 100 },
  },
  'large tables in many partitions, some of them in the cache': {
    ...SMALL,
    memtableBytes: 16 * 1024,
    tables: { blockBytes: 64, levelZeroTables: 3, partitionBytes: 16 },
  },
  'tiny memtables, large blocks': { ...TINY, tables: { blockBytes: 32 * 1024 } },
}

describe('a random history', () => {
  for (const [name, options] of Object.entries(OPTION_SETS)) {
    it(`answers as a sorted map does: ${name}`, { timeout: 60_000 }, async () => {
      await fc.assert(
        fc.asyncProperty(history, async (steps) => {
          const run = new HistoryRun('/s', { ...options, fileSystem: memoryFileSystem() })
          await run.run(steps)
        }),
        { numRuns: RUNS },
      )
    })
  }

  it('answers as a sorted map does on disk, compacted by the worker', {
    timeout: 60_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(history, async (steps) => {
        const directory = mkdtempSync(join(tmpdir(), 'lsm-history-'))
        try {
          await new HistoryRun(directory, steps.length % 2 === 0 ? TINY : APART).run(steps)
        } finally {
          rmSync(directory, { recursive: true })
        }
      }),
      { numRuns: Math.ceil(RUNS / 8) },
    )
  })
})
