import { memoryFileSystem, Store } from '@ashlar/lsm-store'
import { expect, onTestFinished, test } from 'vitest'
import { Journal } from '../../src/storage/journal.ts'
import { Layout } from '../../src/storage/layout.ts'
import { storeLedger } from '../../src/storage/ledger.ts'
import { Queue } from '../../src/storage/queue.ts'
import { TaskReader } from '../../src/storage/task-reader.ts'
import { TaskTable } from '../../src/storage/task-table.ts'
import { parseId } from '../../src/task/id.ts'
import { encodeTask } from '../../src/task/record.ts'
import { Task } from '../../src/task/task.ts'

async function open() {
  const store = await Store.open('/s', { fileSystem: memoryFileSystem() })
  onTestFinished(() => store.close())
  const layout = new Layout('~')
  const journal = new Journal({
    ledger: storeLedger(store, {}),
    layout,
    onFailure: () => {},
    onSettled: () => {},
  })
  const table = new TaskTable(store, layout, journal)
  const queue = new Queue(1, 'q')
  const reader = new TaskReader(store, layout, () => {})
  const change = (work: (batch: ReturnType<Journal['begin']>) => void): void => {
    work(journal.begin())
    journal.barrier()
  }
  const make = (seq: number, at: number, uniqueKey?: string): Task =>
    new Task(queue, seq, at, {
      handler: 'h',
      version: 1,
      payload: { n: seq },
      createdAt: 5,
      key: 'k',
      uniqueKey,
      overrides: undefined,
      traceparent: undefined,
    })
  return { store, table, queue, reader, change, make }
}

test('a task is found by its id wherever it moves, and its counts move along', async () => {
  const { store, table, queue, change, make } = await open()
  const task = make(9, 1_000, 'u')
  const place = parseId(task.id)
  if (place === undefined) throw new Error('no id')
  const find = () => table.find(queue, place)
  change((batch) => table.insert(batch, task, encodeTask(task)))
  expect(find()).toMatchObject({ area: 'due', at: 1_000, order: 1_000, payload: { n: 9 } })
  expect(table.findUnique(queue, 'u')).toEqual(place)

  change((batch) => table.moveToWaiting(batch, task))
  expect(find()).toMatchObject({ area: 'waiting', at: 1_000, key: 'k' })
  expect(queue.counts).toMatchObject({ due: 0, waiting: 1 })

  task.attempts = 2
  change((batch) => table.moveToDue(batch, task, 7_000))
  expect(find()).toMatchObject({ area: 'due', at: 7_000, order: 1_000, attempts: 2 })
  expect(find()?.id).toBe(task.id)

  change((batch) => table.moveToDead(batch, task, 9_000))
  expect(find()).toMatchObject({ area: 'dead', at: 9_000, order: 1_000 })
  expect(table.findUnique(queue, 'u')).toBeUndefined()
  expect(queue.counts).toMatchObject({ due: 0, waiting: 0, dead: 1 })

  change((batch) => table.moveToDue(batch, task, 1_000))
  expect(find()).toMatchObject({ area: 'due', at: 1_000 })
  expect(table.findUnique(queue, 'u')).toEqual(place)

  change((batch) => table.erase(batch, task))
  expect(find()).toBeUndefined()
  expect(queue.counts).toMatchObject({ due: 0, waiting: 0, dead: 0 })
  // Nothing of it is left but the mark and the counts.
  using iterator = store.iterator()
  const tags: string[] = []
  for (let entry = iterator.nextSync(); entry !== undefined; entry = iterator.nextSync()) {
    tags.push(String.fromCharCode(entry[0][1] ?? 0))
  }
  expect(tags.sort()).toEqual(['c'])
})

test('a task below the low-water mark lowers it in the same batch', async () => {
  const { store, table, queue, change, make } = await open()
  change((batch) => table.writeMark(batch, queue, 5_000))
  const later = make(1, 6_000)
  change((batch) => table.insert(batch, later, encodeTask(later)))
  expect(queue.low).toBe(5_000)
  const earlier = make(2, 300)
  change((batch) => table.insert(batch, earlier, encodeTask(earlier)))
  expect(queue.low).toBe(300)
  const bytes = Buffer.from(store.getSync(new Layout('~').perQueue('lowMark', 1)) ?? [])
  expect(bytes.readUIntBE(0, 6)).toBe(300)
})

test('due tasks are read in order, page by page, up to a time', async () => {
  const { table, queue, reader, change, make } = await open()
  change((batch) => {
    for (const [seq, at] of [
      [3, 20],
      [1, 10],
      [2, 10],
      [4, 30],
    ] as const) {
      const task = make(seq, at)
      table.insert(batch, task, encodeTask(task))
    }
  })
  const first = reader.readDue(queue, { at: 0, seq: 0 }, 2, 100)
  expect(first.tasks.map(({ seq }) => seq)).toEqual([1, 2])
  expect(first.next).toEqual({ at: 20, seq: 3 })
  const second = reader.readDue(queue, { at: 20, seq: 3 }, 5, 25)
  expect(second.tasks.map(({ seq }) => seq)).toEqual([3])
  expect(second.next).toEqual({ at: 30, seq: 4 })
  const third = reader.readDue(queue, { at: 30, seq: 4 }, 5, 100)
  expect(third.tasks.map(({ seq }) => seq)).toEqual([4])
  expect(third.next).toBeUndefined()
})

test('the state of a key is seen by reads before it is written', async () => {
  const { table, queue, change } = await open()
  const held = { heldBy: 2 ** 40 + 7, dead: true, spilled: false, paused: false }
  change((batch) => {
    table.writeLane(batch, queue, 'k', undefined, held)
    expect(table.readLane(queue, 'k')).toEqual(held)
  })
  expect(table.readLane(queue, 'k')).toEqual(held)
  expect(queue.counts.lanes).toBe(1)
  change((batch) => {
    table.writeLane(batch, queue, 'k', held, undefined)
    expect(table.readLane(queue, 'k')).toBeUndefined()
  })
  expect(table.readLane(queue, 'k')).toBeUndefined()
  expect(queue.counts.lanes).toBe(0)
})
