import { Store, type StoreIterator, type StoreOptions } from '@ashlar/lsm-store'
import type { Engine, OpenEngine } from './engine.ts'

/** This package, with default options. */
export const openOurs: OpenEngine = (path) => open(path, {})

/** With large values in files of their own. */
export const openOursApart: OpenEngine = (path) => open(path, { tables: { largeValueBytes: 4096 } })

async function open(path: string, options: StoreOptions): Promise<Engine> {
  const store = await Store.open(path, options)
  const batch = store.batch()
  return {
    put: (key, value) => store.put(key, value),
    putSynced: (key, value) => store.put(key, value, { sync: 'always' }),
    remove: (key) => store.delete(key),
    write(keys, values) {
      batch.clear()
      for (let i = 0; i < keys.length; i++) batch.put(keys[i] as Buffer, values[i] as Buffer)
      return store.write(batch)
    },
    getSync: (key) => store.getSync(key),
    get: (key) => store.get(key),
    getMany: (keys) => store.getMany(keys),
    async range({ from, reverse = false, count }) {
      const bound = from === undefined ? {} : reverse ? { lte: from } : { gte: from }
      using iterator = store.iterator({ ...bound, reverse })
      return await drain(iterator, count)
    },
    async settle() {
      await store.flush()
      while (store.metrics().compacting) await new Promise((resolve) => setTimeout(resolve, 50))
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
