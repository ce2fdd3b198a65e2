import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Store, type StoreIterator } from '@ashlar/lsm-store'
import { ClassicLevel } from 'classic-level'
import { open as openLmdb } from 'lmdb'

/** What the rows do, in the terms of each engine. Keys and values are bytes. */
export interface Engine {
  put(key: Buffer, value: Buffer): Promise<unknown>
  putSynced?(key: Buffer, value: Buffer): Promise<unknown>
  write(keys: readonly Buffer[], value: Buffer): Promise<unknown>
  getSync(key: Buffer): Uint8Array | undefined
  get(key: Buffer): Promise<Uint8Array | undefined> | Uint8Array | undefined
  /** Entries from `key` on, at most `count`; returns how many there were. */
  range(key: Buffer | undefined, count: number): Promise<number>
  close(): Promise<void>
}

export type EngineName = 'ours' | 'classic-level' | 'lmdb'

async function openOurs(path: string): Promise<Engine> {
  const store = await Store.open(path)
  const batch = store.batch()
  return {
    put: (key, value) => store.put(key, value),
    putSynced: (key, value) => store.put(key, value, { sync: 'always' }),
    write(keys, value) {
      batch.clear()
      for (const key of keys) batch.put(key, value)
      return store.write(batch)
    },
    getSync: (key) => store.getSync(key),
    get: (key) => store.get(key),
    async range(key, count) {
      using iterator = store.iterator(key === undefined ? {} : { gte: key })
      return await drain(iterator, count)
    },
    close: () => store.close(),
  }
}

async function drain(iterator: StoreIterator, count: number): Promise<number> {
  let total = 0
  while (total < count) {
    const wanted = Math.min(1000, count - total)
    const entries = await iterator.nextMany(wanted)
    total += entries.length
    if (entries.length < wanted) break
  }
  return total
}

async function openClassic(path: string): Promise<Engine> {
  const db = new ClassicLevel<Buffer, Buffer>(path, {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
  })
  await db.open()
  return {
    put: (key, value) => db.put(key, value),
    putSynced: (key, value) => db.put(key, value, { sync: true }),
    write: (keys, value) => db.batch(keys.map((key) => ({ type: 'put', key, value }))),
    getSync: (key) => db.getSync(key),
    get: (key) => db.get(key),
    async range(key, count) {
      const iterator = db.iterator(key === undefined ? {} : { gte: key })
      let total = 0
      while (total < count) {
        const entries = await iterator.nextv(Math.min(1000, count - total))
        if (entries.length === 0) break
        total += entries.length
      }
      await iterator.close()
      return total
    },
    close: () => db.close(),
  }
}

async function openLightning(path: string): Promise<Engine> {
  // Default options; with overlapping sync, `flushed` tells when a commit is durable.
  const db = openLmdb<Buffer, Buffer>({ path, keyEncoding: 'binary', encoding: 'binary' })
  return {
    put: (key, value) => db.put(key, value),
    async putSynced(key, value) {
      await db.put(key, value)
      await db.flushed
    },
    write: (keys, value) =>
      db.transaction(() => {
        for (const key of keys) void db.put(key, value)
      }),
    getSync: (key) => db.get(key),
    get: (key) => db.get(key),
    async range(key, count) {
      let total = 0
      for (const _ of db.getRange(key === undefined ? {} : { start: key, limit: count })) {
        total += 1
        if (total >= count) break
      }
      return total
    },
    close: () => db.close(),
  }
}

const OPENERS: Readonly<Record<EngineName, (path: string) => Promise<Engine>>> = {
  ours: openOurs,
  'classic-level': openClassic,
  lmdb: openLightning,
}

/** An engine in a directory of its own, which goes when it is closed. */
export async function openEngine(name: EngineName): Promise<Engine> {
  const path = mkdtempSync(join(tmpdir(), `lsm-bench-${name}-`))
  const engine = await OPENERS[name](path)
  return {
    ...engine,
    async close() {
      await engine.close()
      rmSync(path, { recursive: true })
    },
  }
}
