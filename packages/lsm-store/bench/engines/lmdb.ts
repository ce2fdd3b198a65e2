import { open } from 'lmdb'
import type { OpenEngine } from './engine.ts'

/** LMDB, with default options: with overlapping sync, `flushed` tells when a commit is durable. */
export const openLmdb: OpenEngine = async (path) => {
  const db = open<Buffer, Buffer>({ path, keyEncoding: 'binary', encoding: 'binary' })
  return {
    put: (key, value) => db.put(key, value),
    async putSynced(key, value) {
      await db.put(key, value)
      await db.flushed
    },
    remove: (key) => db.remove(key),
    write: (keys, values) =>
      db.transaction(() => {
        for (let i = 0; i < keys.length; i++) void db.put(keys[i] as Buffer, values[i] as Buffer)
      }),
    getSync: (key) => db.get(key),
    get: (key) => db.get(key),
    getMany: (keys) => db.getMany([...keys]),
    async range({ from, reverse = false, count }) {
      let total = 0
      const start = from === undefined ? {} : { start: from }
      for (const _ of db.getRange({ ...start, reverse, limit: count })) total += 1
      return total
    },
    async settle() {
      await db.flushed
    },
    close: () => db.close(),
  }
}
