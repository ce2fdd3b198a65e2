import type { Store } from '@ashlar/lsm-store'

/** How the fixtures are opened: small, so that a few entries make several files. */
export const FIXTURE_OPTIONS = {
  memtableBytes: 1024,
  flushOnCloseBytes: 1024 * 1024,
  changeRetentionBytes: 1024 * 1024,
  tables: {
    blockBytes: 256,
    tableBytes: 2048,
    levelBytes: 2048,
    levelZeroTables: 64,
    partitionBytes: 16,
  },
} as const

/** By keyspace, `default` for the store's own keys. */
type Content = Record<string, Map<string, string>>

/** What is in the fixtures: those of format 1 knew nothing but the store's own keys. */
export interface Fixture {
  write(store: Store): Promise<void>
  /** Operations in its log. */
  readonly operations: number
  /** How it was written. */
  readonly largeValueBytes?: number
  content(): Content
}

/** Tables on two levels, logs, deletes, a batch. */
const plain: Fixture = {
  operations: 67,
  async write(store) {
    for (let i = 0; i < 60; i++) {
      const key = `key-${(i * 7) % 40}`
      if (i % 9 === 4) await store.delete(key)
      else if (i % 9 === 5) await store.write(store.batch().delete(key).put(key, valueAt(i)))
      else await store.put(key, valueAt(i))
      if (i === 30) await store.compact()
      if (i === 50) await store.flush()
    }
  },
  content() {
    const entries = new Map<string, string>()
    for (let i = 0; i < 60; i++) {
      if (i % 9 === 4) entries.delete(`key-${(i * 7) % 40}`)
      else entries.set(`key-${(i * 7) % 40}`, valueAt(i))
    }
    return { default: sorted(entries) }
  },
}

/** Tables that are large for the size of their partitions, with values that do not get smaller. */
const parted: Fixture = {
  operations: 200,
  async write(store) {
    for (const [key, value] of partedEntries()) await store.put(key, value)
    await store.compact()
  },
  content: () => ({ default: sorted(new Map(partedEntries())) }),
}

function partedEntries(): (readonly [string, string])[] {
  return Array.from({ length: 200 }, (_, i) => {
    const words = [1, 2, 3, 4].map((n) => Math.imul(i * n + n, 0x9e3779b1).toString(36))
    return [`key-${(i * 37) % 200}`, words.join('')] as const
  })
}

/** Until the year 2255; and so short that it has passed. */
const LONG_MS = 86_400_000 * 365 * 229
const SHORT_MS = 1

/** The same with keyspaces, one of them dropped, operands, entries that end and deleted ranges. */
const rich: Fixture = {
  operations: 143,
  async write(store) {
    const users = await store.keyspace('users', { ttlMs: LONG_MS })
    const log = await store.keyspace('log', { merge: 'append' })
    const gone = await store.keyspace('gone')
    for (let i = 0; i < 40; i++) {
      const batch = store.batch().put(`key-${i % 30}`, valueAt(i))
      batch.put(`user-${i}`, valueAt(i), { keyspace: users, ...(i % 5 === 0 ? ENDED : {}) })
      batch.merge(`log-${i % 7}`, `${i},`, { keyspace: log })
      if (i % 2 === 0) batch.put(`gone-${i}`, 'x', { keyspace: gone })
      await store.write(batch)
      if (i === 20) await store.compact()
      if (i === 33) await store.flush()
      if (i === 35) await users.deleteRange({ gte: 'user-1', lt: 'user-2' })
    }
    await store.deleteRange({ gte: 'key-2', lt: 'key-3' })
    await gone.drop()
  },
  content() {
    const main = new Map<string, string>()
    const users = new Map<string, string>()
    const log = new Map<string, string>()
    for (let i = 0; i < 40; i++) {
      main.set(`key-${i % 30}`, valueAt(i))
      if (i % 5 > 0) users.set(`user-${i}`, valueAt(i))
      log.set(`log-${i % 7}`, `${log.get(`log-${i % 7}`) ?? ''}${i},`)
      if (i === 35) for (const key of users.keys()) if (key.startsWith('user-1')) users.delete(key)
    }
    for (const key of main.keys()) if (key.startsWith('key-2')) main.delete(key)
    return { default: sorted(main), users: sorted(users), log: sorted(log) }
  },
}

/** The same with ingested tables, and the records of the log that name them. */
const ingested: Fixture = {
  operations: rich.operations + 2,
  async write(store) {
    await rich.write(store)
    const users = await store.keyspace('users')
    await users.ingest(ingestedEntries('a'))
    await store.ingest(ingestedEntries('b'))
  },
  content() {
    const { default: main = new Map(), users = new Map(), log = new Map() } = rich.content()
    for (const [key, value] of ingestedEntries('a')) users.set(key, value)
    for (const [key, value] of ingestedEntries('b')) main.set(key, value)
    return { default: sorted(main), users: sorted(users), log }
  },
}

function ingestedEntries(value: string): (readonly [string, string])[] {
  return Array.from({ length: 40 }, (_, i) => [`key-${i + 10}`, `${value} ${i}`.repeat(4)] as const)
}

const ENDED = { ttlMs: SHORT_MS }

/** The same with values in value files, of which some are garbage and some were moved. */
const apart: Fixture = {
  operations: ingested.operations + 20,
  largeValueBytes: 40,
  async write(store) {
    await ingested.write(store)
    for (let i = 0; i < 20; i++) await store.put(`key-${i % 10}`, `apart ${i} `.repeat(9))
    await store.flush()
    await store.compact({ lt: 'key-5' })
  },
  content() {
    const { default: main = new Map(), ...others } = ingested.content()
    for (let i = 0; i < 20; i++) main.set(`key-${i % 10}`, `apart ${i} `.repeat(9))
    return { default: sorted(main), ...others }
  },
}

/** By the name of the directory. */
export const FIXTURES: Readonly<Record<string, Fixture>> = {
  v1: plain,
  'tables-v2': plain,
  'tables-v4': parted,
  v2: rich,
  v3: ingested,
  v4: apart,
}

function sorted(entries: Map<string, string>): Map<string, string> {
  return new Map([...entries].sort(([a], [b]) => (a < b ? -1 : 1)))
}

function valueAt(i: number): string {
  return `value ${i} ${'x'.repeat(i)}`
}
