import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DueHeap } from '../../src/partition/due-heap.ts'
import { Fifo } from '../../src/partition/fifo.ts'
import { Queue } from '../../src/storage/queue.ts'
import { Task } from '../../src/task/task.ts'

const queue = new Queue(1, 'q')
const draft = {
  handler: 'h',
  version: 1,
  payload: 0,
  createdAt: 0,
  key: undefined,
  uniqueKey: undefined,
  overrides: undefined,
  traceparent: undefined,
}

test('a heap gives tasks back by time, then sequence, also after a filter', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20)), fc.nat(20), (times, least) => {
      const heap = new DueHeap<Task>()
      const tasks = times.map((at, seq) => new Task(queue, seq, at, draft))
      for (const task of tasks) heap.push(task)
      heap.filter(({ at }) => at >= least)
      const late = new Task(queue, 1_000, 10, draft)
      heap.push(late)
      const expected = [...tasks.filter(({ at }) => at >= least), late].sort(
        (a, b) => a.at - b.at || a.seq - b.seq,
      )
      expect(heap.size).toBe(expected.length)
      expect(heap.peek()).toBe(expected[0])
      expect(expected.map(() => heap.pop())).toEqual(expected)
      expect(heap.pop()).toBeUndefined()
    }),
  )
})

test('a queue gives back what was put in, in order', () => {
  const fifo = new Fifo<number>()
  let put = 0
  let taken = 0
  for (let round = 0; round < 200; round++) {
    for (let n = 0; n < 37; n++) fifo.push(put++)
    for (let n = 0; n < 30; n++) expect(fifo.shift()).toBe(taken++)
    expect(fifo.size).toBe(put - taken)
  }
  while (fifo.size > 0) expect(fifo.shift()).toBe(taken++)
  expect(taken).toBe(put)
  expect(fifo.shift()).toBeUndefined()
})
