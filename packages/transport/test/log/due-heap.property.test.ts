import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DueHeap } from '../../src/log/due-heap.ts'

test('items come out when due, by their time, without those settled or put off', () => {
  const item = fc.record({
    at: fc.nat({ max: 50 }),
    fate: fc.constantFrom('kept', 'gone', 'later'),
  })
  fc.assert(
    fc.property(fc.array(item), fc.nat({ max: 60 }), (items, now) => {
      const current = new Map<number, { dueAt: number }>()
      const heap = new DueHeap(current)
      for (const [sequence, { at }] of items.entries()) {
        current.set(sequence, { dueAt: at })
        heap.add(at, sequence)
      }
      for (const [sequence, { at, fate }] of items.entries()) {
        if (fate === 'gone') current.delete(sequence)
        if (fate !== 'later') continue
        current.set(sequence, { dueAt: at + 100 })
        heap.add(at + 100, sequence)
      }
      const wanted = items.flatMap(({ at, fate }, sequence) =>
        fate === 'kept' && at <= now ? [{ at, sequence }] : [],
      )
      const due = heap.takeDue(now)
      expect(due.map((sequence) => current.get(sequence)?.dueAt)).toEqual(
        wanted.map(({ at }) => at).toSorted((a, b) => a - b),
      )
      expect(due.toSorted((a, b) => a - b)).toEqual(wanted.map(({ sequence }) => sequence))
      expect(heap.takeDue(1_000)).toHaveLength(current.size - due.length)
      expect(heap.size).toBe(0)
    }),
  )
})

test('settled items do not pile up before their time', () => {
  const current = new Map<number, { dueAt: number }>()
  const heap = new DueHeap(current)
  for (let sequence = 0; sequence < 100_000; sequence += 1) {
    current.set(sequence, { dueAt: 30_000 + sequence })
    heap.add(30_000 + sequence, sequence)
    if (sequence >= 10) current.delete(sequence - 10)
  }
  expect(heap.size).toBeLessThan(100)
  expect(heap.takeDue(Infinity)).toEqual([...current.keys()])
})
