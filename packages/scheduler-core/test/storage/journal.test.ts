import { memoryFileSystem, Store } from '@ashlar/lsm-store'
import { expect, onTestFinished, test } from 'vitest'
import { Journal } from '../../src/storage/journal.ts'
import { Layout } from '../../src/storage/layout.ts'
import { storeLedger } from '../../src/storage/ledger.ts'
import { decodeCounts, Queue } from '../../src/storage/queue.ts'

async function open() {
  const disk = memoryFileSystem()
  const store = await Store.open('/s', { fileSystem: disk })
  onTestFinished(() => store.close().catch(() => {}))
  const failures: unknown[] = []
  const layout = new Layout('~')
  const journal = new Journal({
    ledger: storeLedger(store, {}),
    layout,
    onFailure: (error) => failures.push(error),
    onSettled: () => {},
  })
  return { disk, store, journal, layout, failures }
}

test('what changes in one turn is one batch of the store, acknowledged together', async () => {
  const { store, journal } = await open()
  const order: string[] = []
  const before = store.metrics().logGroups
  for (const name of ['a', 'b', 'c']) {
    journal.begin().put(name, name)
    journal.onAcknowledged(() => order.push(name))
  }
  expect(store.getSync('a')).toBeUndefined()
  await journal.acknowledged()
  expect(order).toEqual(['a', 'b', 'c'])
  expect(store.metrics().logGroups - before).toBe(1)
  expect(journal.idle).toBe(true)
})

test('a barrier makes what gathers visible at once', async () => {
  const { store, journal } = await open()
  journal.begin().put('a', '1')
  const { generation } = journal
  const done = journal.acknowledged()
  journal.barrier()
  expect(store.hasSync('a')).toBe(true)
  expect(journal.generation).toBe(generation + 1)
  expect(journal.idle).toBe(false)
  await done
  expect(journal.idle).toBe(true)
})

test('the counts of changed queues go along with each batch', async () => {
  const { store, journal, layout } = await open()
  const queue = new Queue(7, 'q')
  journal.begin().put('a', '1')
  queue.counts.due += 3
  journal.touch(queue)
  await journal.acknowledged()
  const found = new Queue(7, 'q')
  decodeCounts(store.getSync(layout.perQueue('counters', 7)) ?? new Uint8Array(), found.counts)
  expect(found.counts).toEqual(queue.counts)
})

test('an adopted batch keeps its place in the order', async () => {
  const { store, journal } = await open()
  journal.begin().put('k', 'first')
  const own = store.batch().put('k', 'own').put('mine', '1')
  journal.adopt(own)
  journal.barrier()
  journal.begin().put('last', store.getSync('k') ?? '')
  await journal.acknowledged()
  expect(Buffer.from(store.getSync('last') ?? []).toString()).toBe('own')
})

test('an atomic change is never cut in two', async () => {
  const { journal } = await open()
  expect(() => journal.atomically(() => journal.barrier())).toThrow(/cut in two/)
})

test('a refused batch is reported once, and to all who wait', async () => {
  const { disk, journal, failures } = await open()
  disk.powerCut()
  journal.begin().put('a', '1')
  const first = journal.acknowledged()
  await expect(first).rejects.toThrow()
  journal.begin().put('b', '1')
  await expect(journal.acknowledged()).rejects.toThrow()
  expect(failures).toHaveLength(1)
})

test('the event loop turns while batches follow each other for ever', async () => {
  const { journal } = await open()
  let turned = false
  setImmediate(() => {
    turned = true
  })
  for (let n = 0; n < 10_000 && !turned; n++) {
    journal.begin().put('a', String(n))
    await journal.acknowledged()
  }
  expect(turned).toBe(true)
})

test('an empty group is acknowledged after the groups before it, never ahead of them', async () => {
  const { store, journal } = await open()
  const order: string[] = []
  journal.begin().put('a', '1')
  const first = journal.acknowledged().then(() => order.push('written'))
  journal.barrier() // as reading the store does, in the middle of a change
  const second = journal.acknowledged().then(() => order.push('empty'))
  await Promise.all([first, second])
  expect(order).toEqual(['written', 'empty'])
  expect(journal.idle).toBe(true)
  await store.close()
  journal.begin().put('b', '2')
  journal.barrier()
  await expect(journal.acknowledged()).rejects.toMatchObject({ code: 'STORE_CLOSED' })
})
