import { expect, test } from 'vitest'
import { hashOf, rendezvous } from '../../src/cluster/hash.ts'

const MEMBERS = [
  '01M8DV8S97TSEMY2TRB46R9RDK',
  '01M8DV8S97TSEMY2TRB46R9RDM',
  '01M8DV9AA7TSEMY2TRB46R9RDA',
]
const PARTITIONS = Array.from({ length: 1_024 }, (_, n) => n)

test('hashes are what they have always been: they decide where stored tasks are', () => {
  expect(['', 'a', 'ä', 'k\0default\0\0ada'].map(hashOf)).toEqual([
    2_872_998_923, 444_641_715, 519_959_299, 1_025_694_197,
  ])
})

test('partitions are spread evenly over members', () => {
  for (const member of MEMBERS) {
    const share = PARTITIONS.filter((one) => rendezvous(one, MEMBERS) === member).length
    expect(share).toBeGreaterThan(1_024 / 3 - 100)
    expect(share).toBeLessThan(1_024 / 3 + 100)
  }
})

test('a member that comes or goes moves only what falls to it', () => {
  const [gone = '', ...left] = MEMBERS
  for (const partition of PARTITIONS) {
    const before = rendezvous(partition, MEMBERS)
    const after = rendezvous(partition, left)
    if (before !== gone) expect(after).toBe(before)
  }
  expect(rendezvous(1, [])).toBeUndefined()
})

test('the members are the same in any order', () => {
  for (const partition of PARTITIONS) {
    expect(rendezvous(partition, MEMBERS.toReversed())).toBe(rendezvous(partition, MEMBERS))
  }
})
