import { ClassicLevel } from 'classic-level'
import type { OpenEngine } from './engine.ts'

/** LevelDB, with default options. */
export const openClassic: OpenEngine = async (path) => {
  const db: ClassicLevel<Buffer, Buffer> = new ClassicLevel(path, {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
  })
  await db.open()
  return {
    put: (key, value) => db.put(key, value),
    putSynced: (key, value) => db.put(key, value, { sync: true }),
    remove: (key) => db.del(key),
    write: (keys, values) =>
      db.batch(keys.map((key, i) => ({ type: 'put' as const, key, value: values[i] as Buffer }))),
    getSync: (key) => db.getSync(key),
    get: (key) => db.get(key),
    getMany: (keys) => db.getMany([...keys]),
    async range({ from, reverse = false, count }) {
      const bound = from === undefined ? {} : reverse ? { lte: from } : { gte: from }
      const iterator = db.iterator({ ...bound, reverse })
      let total = 0
      while (total < count) {
        const entries = await iterator.nextv(Math.min(1000, count - total))
        if (entries.length === 0) break
        total += entries.length
      }
      await iterator.close()
      return total
    },
    settle: () => new Promise((resolve) => setTimeout(resolve, 1000)),
    close: () => db.close(),
  }
}
