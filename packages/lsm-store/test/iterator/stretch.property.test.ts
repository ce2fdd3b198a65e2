import {
  type Entry,
  type Keyspace,
  memoryFileSystem,
  type RangeOptions,
  type Snapshot,
  Store,
  type StoreIterator,
} from '@ashlar/lsm-store'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

// Many entries at a time come in stretches of one run, copied in one piece; one at a time they come
// through the merge. Both must show the same.

interface Round {
  readonly puts: readonly { readonly key: number; readonly length: number }[]
  readonly deletes: readonly number[]
  readonly ending: 'flush' | 'snapshot' | 'compact' | 'nothing'
}

const RUNS = Number(process.env['ASHLAR_STRETCHES'] ?? 12)
const KEYS = 400
const key = fc.nat({ max: KEYS - 1 })
const length = fc.oneof(
  { weight: 8, arbitrary: fc.nat({ max: 120 }) },
  { weight: 1, arbitrary: fc.integer({ min: 1900, max: 2200 }) },
  { weight: 1, arbitrary: fc.integer({ min: 5000, max: 9000 }) },
)
const round: fc.Arbitrary<Round> = fc.record({
  puts: fc.array(fc.record({ key, length }), { minLength: 1, maxLength: 150, size: 'max' }),
  deletes: fc.array(key, { maxLength: 20 }),
  ending: fc.constantFrom('flush', 'flush', 'snapshot', 'compact', 'nothing'),
})
const history = fc.array(round, { minLength: 1, maxLength: 6 })
const plan = fc.record({
  gte: fc.option(key, { nil: undefined }),
  lt: fc.option(key, { nil: undefined }),
  reverse: fc.boolean(),
  keysOnly: fc.boolean(),
  limit: fc.option(fc.nat({ max: 300 }), { nil: undefined }),
  view: fc.nat({ max: 5 }),
  pieces: fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 5 }),
})

/** Keys of which some share much with their neighbours, and some begin with others. */
function keyOf(i: number): Buffer {
  const shared = `${'p'.repeat((i % 5) * 7)}-${String(i >> 1).padStart(4, '0')}`
  return Buffer.from(i % 2 === 0 ? shared : `${shared}x`)
}

function makeValue(i: number, length: number): Buffer {
  return Buffer.alloc(length, `${i}:${length};`)
}

async function write(store: Keyspace, { puts, deletes }: Round): Promise<void> {
  for (const [i, put] of puts.entries()) {
    await store.put(keyOf(put.key), makeValue(put.key + i, put.length))
  }
  for (const each of deletes) await store.delete(keyOf(each))
}

const plain = (entries: readonly Entry[]): string[][] =>
  entries.map((entry) => entry.map((bytes) => Buffer.from(bytes).toString('latin1')))

function oneByOne(iterator: StoreIterator): Entry[] {
  const entries: Entry[] = []
  for (let next = iterator.nextSync(); next !== undefined; next = iterator.nextSync()) {
    entries.push(next)
  }
  return entries
}

async function inPieces(iterator: StoreIterator, pieces: readonly number[]): Promise<Entry[]> {
  const entries: Entry[] = []
  for (let i = 0; ; i++) {
    const count = pieces[i % pieces.length] as number
    const some = i % 2 === 0 ? iterator.nextManySync(count) : await iterator.nextMany(count)
    entries.push(...some)
    if (some.length < count) return entries
  }
}

/** Writes to all that was given out: it must be nobody else's. */
function scribble(entries: readonly Entry[]): void {
  const all = entries.flat().filter((bytes) => bytes.length > 0)
  for (const [i, bytes] of all.entries()) bytes.fill(i & 0xff)
  for (const [i, bytes] of all.entries())
    expect(bytes.every((byte) => byte === (i & 0xff))).toBe(true)
}

const LAYOUTS = [
  { blockBytes: 200, blockCacheBytes: 1024 * 1024 },
  { blockBytes: 4096, blockCacheBytes: 0 },
  { blockBytes: 32 * 1024, blockCacheBytes: 64 * 1024 },
] as const

describe('entries read many at a time', () => {
  for (const { blockBytes, blockCacheBytes } of LAYOUTS) {
    for (const name of [undefined, 'space']) {
      const title = `blocks of ${blockBytes}, cache of ${blockCacheBytes}, ${name ?? 'no keyspace'}`
      it(`are those read one at a time: ${title}`, { timeout: 60_000 }, async () => {
        await fc.assert(
          fc.asyncProperty(
            history,
            fc.array(plan, { minLength: 4, maxLength: 8 }),
            async (rounds, plans) => {
              await using store = await Store.open('/s', {
                fileSystem: memoryFileSystem(),
                blockCacheBytes,
                tables: { blockBytes, tableBytes: 8 * blockBytes, levelZeroTables: 3 },
              })
              const space = name === undefined ? store : await store.keyspace(name)
              const snapshots: (Snapshot | undefined)[] = [undefined]
              for (const each of rounds) {
                await write(space, each)
                if (each.ending === 'flush') await store.flush()
                else if (each.ending === 'snapshot') snapshots.push(store.snapshot())
                else if (each.ending === 'compact') await store.compact()
              }
              for (const { gte, lt, limit, view, pieces, ...rest } of plans) {
                const snapshot = snapshots[view % snapshots.length]
                const range: RangeOptions = {
                  ...rest,
                  ...(gte === undefined ? {} : { gte: keyOf(gte) }),
                  ...(lt === undefined ? {} : { lt: keyOf(lt) }),
                  ...(limit === undefined ? {} : { limit }),
                  ...(snapshot === undefined ? {} : { snapshot }),
                }
                using slow = space.iterator(range)
                using fast = space.iterator(range)
                const expected = plain(oneByOne(slow))
                const found = await inPieces(fast, pieces)
                expect(plain(found)).toEqual(expected)
                scribble(found)
                using again = space.iterator(range)
                expect(plain(oneByOne(again))).toEqual(expected)
              }
            },
          ),
          { numRuns: RUNS },
        )
      })
    }
  }
})
