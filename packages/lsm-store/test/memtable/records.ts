import fc from 'fast-check'
import type { Memtable } from '../../src/memtable/memtable.ts'
import { KIND_DELETE, KIND_PUT } from '../../src/memtable/record.ts'
import { writeRecord } from '../../src/wal/batch.ts'

export const key: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 12 }),
  fc
    .array(fc.constantFrom(0, 1, 255), { minLength: 1, maxLength: 10 })
    .map((a) => Uint8Array.from(a)),
  // Long shared prefixes, and keys that are prefixes of others.
  fc.nat({ max: 30 }).map((n) => Uint8Array.from(Buffer.from('x'.repeat(n + 1)))),
  fc.nat({ max: 500 }).map((n) => Uint8Array.from(Buffer.from(`${'p'.repeat(40)}${n}`))),
)

const NO_PREFIX = new Uint8Array(0)

/** A record of each key; every third is a delete, or all are puts of one value. */
export function fill(memtable: Memtable, keys: readonly Uint8Array[], all?: Uint8Array): void {
  const text = Buffer.from(memtable.arena.buffer)
  for (const [i, each] of keys.entries()) {
    const start = memtable.used
    const value = all ?? (i % 3 === 0 ? undefined : Uint8Array.of(i & 0xff))
    const kind = value === undefined ? KIND_DELETE : KIND_PUT
    const end = writeRecord(text, memtable.arena, start, kind, NO_PREFIX, each, value, 0)
    memtable.used = end
    if (!memtable.index(start, end, 1)) throw new Error('not indexed')
  }
}

/** Record numbers by key, versions of a key newest first. */
export function naiveOrder(keys: readonly Uint8Array[]): number[] {
  return keys
    .map((_, i) => i)
    .sort((a, b) => {
      const order = Buffer.compare(keys[a] as Uint8Array, keys[b] as Uint8Array)
      return order !== 0 ? order : b - a
    })
}
