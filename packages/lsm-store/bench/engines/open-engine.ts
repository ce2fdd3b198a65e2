import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Engine, EngineName, OpenEngine } from './engine.ts'

// Loaded when they are asked for: a binding that does not load costs its own rows only.
const OPENERS: Readonly<Record<EngineName, () => Promise<OpenEngine>>> = {
  ours: async () => (await import('./ours.ts')).openOurs,
  'ours-apart': async () => (await import('./ours.ts')).openOursApart,
  'classic-level': async () => (await import('./leveldb.ts')).openClassic,
  lmdb: async () => (await import('./lmdb.ts')).openLmdb,
  'rocksdb-native': async () => (await import('./rocksdb.ts')).openRocks,
}

/** An engine in this directory. */
export async function openEngineAt(name: EngineName, path: string): Promise<Engine> {
  const open = await OPENERS[name]()
  return open(path)
}

/** An engine in a directory of its own, which goes when it is closed. */
export async function openEngine(name: EngineName): Promise<Engine> {
  const path = mkdtempSync(join(tmpdir(), `lsm-bench-${name}-`))
  const engine = await openEngineAt(name, path)
  return {
    ...engine,
    async close() {
      await engine.close()
      rmSync(path, { recursive: true })
    },
  }
}
