import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Collection } from '../../src/values/collection.ts'
import { HashValue } from '../../src/values/hash-value.ts'
import { SetValue } from '../../src/values/set-value.ts'
import { SortedSetValue } from '../../src/values/sorted-set-value.ts'
import { TouchedElements } from '../../src/values/touched-elements.ts'

/** What a commit does with the elements that were touched. */
function commit(collection: Collection, stored: Map<string, string | number>): void {
  const { touched } = collection
  collection.touched = undefined
  if (touched === undefined) return
  for (let at = 0; at < touched.count; at += 1) {
    const element = touched.names[at] as string
    const value = collection.encodeElement(element, touched.slots[at] as number)
    if (value === undefined) stored.delete(element)
    else stored.set(element, value)
  }
  // as the journal lends it again
  touched.clear()
}

interface Kind<C extends Collection> {
  readonly name: string
  create(): C
  set(collection: C, element: string, value: number): void
  remove(collection: C, element: string): void
  /** Everything in it, as a commit would write it. */
  contents(collection: C): readonly (readonly [string, string | number])[]
}

const hashes: Kind<HashValue> = {
  name: 'a hash',
  create: () => new HashValue(),
  set: (hash, field, value) => hash.set(field, String(value)),
  remove: (hash, field) => hash.delete(field),
  contents: (hash) => hash.fields.map((field, at) => [field, hash.values[at] as string]),
}
const sets: Kind<SetValue> = {
  name: 'a set',
  create: () => new SetValue(),
  set: (set, member) => set.add(member),
  remove: (set, member) => set.delete(member),
  contents: (set) => set.dense.map((member) => [member, '']),
}
const sortedSets: Kind<SortedSetValue> = {
  name: 'a sorted set',
  create: () => new SortedSetValue(),
  set: (sorted, member, score) => sorted.set(member, score),
  remove: (sorted, member) => sorted.delete(member),
  contents: (sorted) => sorted.dense.map((member) => [member, sorted.score(member) as number]),
}

const step = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(fc.constant('set'), fc.nat(11), fc.nat(3)) },
  { weight: 3, arbitrary: fc.tuple(fc.constant('remove'), fc.nat(11), fc.constant(0)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('commit'), fc.constant(0), fc.constant(0)) },
)

function holds<C extends Collection>(kind: Kind<C>, before: number): void {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const collection = kind.create()
      const stored = new Map<string, string | number>()
      const notes = new TouchedElements()
      let told = 0
      const elementsChanged = (): TouchedElements => {
        told += 1
        return notes
      }
      collection.observe({ elementsChanged }, 1)
      for (let at = 0; at < before; at += 1) kind.set(collection, `before ${at}`, at)
      for (const [what, number, value] of steps) {
        if (what === 'set') kind.set(collection, `${number}`, value)
        else if (what === 'remove') kind.remove(collection, `${number}`)
        else commit(collection, stored)
        if (what === 'commit') told = 0
        expect(told).toBe(collection.touched === undefined ? 0 : 1)
      }
      commit(collection, stored)
      expect([...stored].sort()).toEqual([...kind.contents(collection)].sort())
    }),
    { numRuns: 100 },
  )
}

test.each([0, 12, 130])('a commit stores what has changed, among %i others', (before) => {
  holds(hashes, before)
  holds(sets, before)
  holds(sortedSets, before)
})

test('what changes over and over takes no more room', () => {
  const hash = new HashValue()
  hash.observe({ elementsChanged: () => new TouchedElements() }, 1)
  for (let n = 0; n < 100_000; n += 1) hash.set(`${n % 7}`, String(n))
  expect(hash.touched?.count).toBeLessThan(2048)
  const stored = new Map<string, string | number>()
  commit(hash, stored)
  expect([...stored.values()].sort()).toEqual(
    [99_993, 99_994, 99_995, 99_996, 99_997, 99_998, 99_999].map(String),
  )
})
