import { seededRandom } from '@ashlar/codec'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Memtable } from '../../src/memtable/memtable.ts'
import type { VersionRule } from '../../src/memtable/record-sort.ts'
import { sortRecords } from '../../src/memtable/sort.ts'
import { fill, key, naiveOrder } from './records.ts'

/** Keeps the newest version of each key. */
const newest: VersionRule = { keep: () => 1 }

function sorted(keys: readonly Uint8Array[], rule?: VersionRule, value?: Uint8Array): number[] {
  const bytes = keys.reduce((sum, each) => sum + each.length + 32, 0)
  const memtable = new Memtable(bytes, 1)
  fill(memtable, keys, value)
  const { arena, addresses } = memtable.image
  return [...sortRecords(arena, addresses, Int32Array.from(keys.keys()), rule)]
}

function newestOf(keys: readonly Uint8Array[]): number[] {
  const seen = new Set<string>()
  return naiveOrder(keys).filter((id) => {
    const name = Buffer.from(keys[id] as Uint8Array).toString('latin1')
    return !seen.has(name) && seen.add(name)
  })
}

/** So many keys of letters of an alphabet, some of them equal or prefixes of others. */
function manyKeys(seed: number, count: number): Uint8Array[] {
  const random = seededRandom(seed)
  const below = (n: number): number => Math.floor(random.next() * n)
  const letters = [2, 3, 10, 16, 256][below(5)] as number
  const longest = [3, 8, 20, 60][below(4)] as number
  const prefix = below(3) * below(40)
  return Array.from({ length: count }, () => {
    const bytes = new Uint8Array(prefix + 1 + below(longest)).fill(97)
    for (let i = prefix; i < bytes.length; i++) bytes[i] = below(letters)
    return bytes
  })
}

describe('sorting records', () => {
  it('orders by key, versions of a key newest first', () => {
    fc.assert(
      fc.property(fc.array(key, { maxLength: 300, size: 'max' }), (keys) => {
        expect(sorted(keys)).toEqual(naiveOrder(keys))
      }),
      { numRuns: 200 },
    )
  })

  it('leaves out what the rule does not keep, and nothing else', () => {
    fc.assert(
      fc.property(fc.array(key, { maxLength: 300, size: 'max' }), (keys) => {
        expect(sorted(keys, newest)).toEqual(newestOf(keys))
      }),
      { numRuns: 200 },
    )
  })

  it('asks the rule about all versions of a key at once, newest first', () => {
    fc.assert(
      fc.property(fc.array(key, { maxLength: 300, size: 'max' }), (keys) => {
        const asked: number[][] = []
        const rule: VersionRule = {
          keep(ids, from, to) {
            asked.push([...ids.subarray(from, to)])
            return to - from
          },
        }
        expect(sorted(keys, rule)).toEqual(naiveOrder(keys))
        const versions = new Map<string, number[]>()
        for (const [id, each] of keys.entries()) {
          const name = Buffer.from(each).toString('latin1')
          versions.set(name, [id, ...(versions.get(name) ?? [])])
        }
        const several = [...versions.values()].filter(({ length }) => length > 1)
        const byFirst = (a: number[], b: number[]): number => (a[0] as number) - (b[0] as number)
        expect(asked.sort(byFirst)).toEqual(several.sort(byFirst))
      }),
      { numRuns: 200 },
    )
  })

  it.each([1, 2, 3, 4, 5, 6])('of thousands of keys does the same (%i)', (seed) => {
    const keys = manyKeys(seed, 12_000)
    expect(sorted(keys)).toEqual(naiveOrder(keys))
    expect(sorted(keys, newest)).toEqual(newestOf(keys))
  })

  it.each(['', 'k', 'key:', 'key:1', 'key:1\0', 'key:1\0\0', 'key:/', 'key:zzz', 'odd:17', '\xff'])(
    'is right where one key (%j) is not like the others',
    (odd) => {
      const keys: Uint8Array[] = Array.from({ length: 20_000 }, (_, i) =>
        Buffer.from(`key:${(i * 7919) % 20_000}`),
      )
      // Every fourth is looked at, from the last one on: this one is not.
      keys.splice(4001, 0, Buffer.from(odd, 'latin1'))
      // What stands behind the short ones in memory goes on as the others do.
      const value = Buffer.from('key:17'.slice(odd.length))
      expect(sorted(keys, newest, value)).toEqual(newestOf(keys))
    },
  )

  it.each([3, 400, 1100])('is right where %i keys are not like the others', (count) => {
    const keys: Uint8Array[] = Array.from({ length: 20_000 }, (_, i) =>
      Buffer.from(`key:${(i * 7919) % 15_000}`),
    )
    // Some of them are equal, some come before the others and some behind.
    for (let i = 0; i < count; i++) {
      keys[(i * 17 + 2) % 20_000] = Buffer.from(`${i % 3 === 0 ? 'a' : 'z'}${(i * 7) % 350}`)
    }
    expect(sorted(keys)).toEqual(naiveOrder(keys))
    expect(sorted(keys, newest)).toEqual(newestOf(keys))
  })

  it('needs no deep stack for keys that differ late and a little later each', () => {
    const keys = Array.from({ length: 1200 }, (_, i) =>
      new Uint8Array(1 + ((i * 769) % 1200)).fill(7),
    )
    expect(sorted([...keys, ...keys], newest)).toEqual(newestOf([...keys, ...keys]))
  })
})
