import RocksDB from 'rocksdb-native'
import type { OpenEngine } from './engine.ts'

/** RocksDB, with the binding's default options. It cannot sync and has no synchronous reads. */
export const openRocks: OpenEngine = async (path) => {
  const db = new RocksDB(path)
  await db.ready()
  return {
    put: (key, value) => db.put(key, value),
    remove: (key) => db.delete(key),
    write(keys, values) {
      const batch = db.write({ capacity: keys.length, autoDestroy: true })
      for (let i = 0; i < keys.length; i++) batch.tryPut(keys[i] as Buffer, values[i] as Buffer)
      return batch.flush()
    },
    get: (key) => db.get(key),
    getMany(keys) {
      const batch = db.read({ capacity: keys.length, autoDestroy: true })
      const values = keys.map((key) => batch.get(key))
      batch.tryFlush()
      return Promise.all(values)
    },
    async range({ from, reverse = false, count }) {
      const bound = from === undefined ? {} : reverse ? { lte: from } : { gte: from }
      let total = 0
      const capacity = Math.min(count, 1000)
      for await (const _ of db.iterator({ ...bound, reverse, limit: count }, { capacity })) {
        total += 1
      }
      return total
    },
    settle: () => new Promise((resolve) => setTimeout(resolve, 1000)),
    close: () => db.close(),
  }
}
