import { expect, test } from 'vitest'
import {
  descendsFrom,
  modulusOf,
  nextSplit,
  type PartitionMap,
  partitionOf,
} from '../../src/cluster/partition-map.ts'

const HASHES = Array.from({ length: 500 }, (_, n) => Math.imul(n, 0x9e3779b1) >>> 0)

test.each([1, 2, 5, 16])(
  'from %i on, a step moves half of one partition and nothing else',
  (base) => {
    for (let partitions = base; partitions < 70; partitions++) {
      const map: PartitionMap = { base, partitions }
      const grown: PartitionMap = { base, partitions: partitions + 1 }
      const { parent, child, modulus } = nextSplit(map)
      expect(child).toBe(partitions)
      const wrong = HASHES.filter((hash) => {
        const [from, to] = [partitionOf(map, hash), partitionOf(grown, hash)]
        if (hash % modulusOf(map, from) !== from || hash % modulusOf(grown, to) !== to) return true
        return from !== to && (from !== parent || to !== child)
      })
      expect(wrong).toEqual([])
      const changed = [...Array(partitions).keys()].filter(
        (one) => modulusOf(map, one) !== modulusOf(grown, one),
      )
      expect(changed).toEqual([parent])
      expect(modulusOf(grown, parent)).toBe(modulus)
      expect(modulusOf(grown, child)).toBe(modulus)
    }
  },
)

test('before it has grown, a map is what it was when it could not grow', () => {
  for (const base of [1, 7, 16, 1_024]) {
    for (const hash of HASHES) {
      expect(partitionOf({ base, partitions: base }, hash)).toBe(hash % base)
    }
  }
})

test('a task is where it was made, or in a partition that descends from that', () => {
  const grown: PartitionMap = { base: 3, partitions: 50 }
  for (let partitions = 3; partitions <= 50; partitions++) {
    for (const hash of HASHES.slice(0, 200)) {
      const home = partitionOf({ base: 3, partitions }, hash)
      const now = partitionOf(grown, hash)
      expect(now).toBeGreaterThanOrEqual(home)
      expect(descendsFrom(grown, now, home)).toBe(true)
    }
  }
  expect(descendsFrom(grown, 4, 0)).toBe(false)
})
