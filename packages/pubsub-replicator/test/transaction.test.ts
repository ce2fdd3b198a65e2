import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Cluster, dump, live, until } from './cluster.ts'

const TABLES = ['t', 'u'].map((name) => ({ name, publish: true }))

test('a transaction reads its own writes and is visible as a whole or not at all', async () => {
  await using cluster = new Cluster()
  const { replicator } = await cluster.open('a', { tables: TABLES })
  const result = await replicator.transaction((tx) => {
    const t = tx.table<{ n: number }>('t')
    t.put('x', { n: 1 })
    t.patch('x', { n: 2 })
    expect(t.get('x')).toEqual({ n: 2 })
    expect(replicator.table('t').getSync('x')).toBeUndefined()
    tx.table('u').put('y', { n: 3 })
    t.put('z', { n: 4 })
    t.delete('z')
    expect(t.get('z')).toBeUndefined()
    return 'done'
  })
  expect(result).toBe('done')
  expect(replicator.table('t').getSync('x')).toEqual({ n: 2 })
  expect(replicator.table('t').getSync('z')).toBeUndefined()
  const origins = await Promise.all([
    replicator.table('t').originOf('x'),
    replicator.table('u').originOf('y'),
  ])
  expect(origins[0]?.stamp).toEqual(origins[1]?.stamp)
})

test('a transaction that throws writes nothing', async () => {
  await using cluster = new Cluster()
  const { replicator } = await cluster.open('a', { tables: TABLES })
  const failing = replicator.transaction((tx) => {
    tx.table('t').put('x', { n: 1 })
    throw new Error('no')
  })
  await expect(failing).rejects.toThrow('no')
  expect(replicator.table('t').getSync('x')).toBeUndefined()
})

test('a transaction whose reads were overtaken runs again; increments are not lost', async () => {
  await using cluster = new Cluster()
  const { replicator } = await cluster.open('a', { tables: TABLES })
  const increment = (): Promise<void> =>
    replicator.transaction(async (tx) => {
      const table = tx.table<{ n: number }>('t')
      const n = table.get('x')?.n ?? 0
      await Promise.resolve()
      table.put('x', { n: n + 1 })
    })
  await Promise.all(Array.from({ length: 8 }, increment))
  expect(replicator.table('t').getSync('x')).toEqual({ n: 8 })
})

test('a transaction that is overtaken every time gives up with a code', async () => {
  await using cluster = new Cluster()
  const { replicator } = await cluster.open('a', { tables: TABLES })
  let runs = 0
  const starved = replicator.transaction(async (tx) => {
    runs += 1
    tx.table('t').get('x')
    await replicator.table('t').put('x', { runs })
    tx.table('t').put('y', { runs })
  })
  await expect(starved).rejects.toMatchObject({ code: 'TRANSACTION_CONFLICT' })
  expect(runs).toBe(10)
  expect(replicator.table('t').getSync('y')).toBeUndefined()
})

test('a transaction that could not be moved as one is refused and writes nothing', async () => {
  await using cluster = new Cluster()
  const { replicator } = await cluster.open('a', { tables: TABLES, maxTransactionBytes: 4096 })
  const text = 'x'.repeat(1000)
  const large = replicator.transaction((tx) => {
    for (let i = 0; i < 5; i += 1) tx.table('t').put(i, { text })
  })
  await expect(large).rejects.toMatchObject({ code: 'TRANSACTION_TOO_LARGE' })
  await expect(replicator.table('t').put('one', { text: text.repeat(5) })).rejects.toMatchObject({
    code: 'TRANSACTION_TOO_LARGE',
  })
  expect(await replicator.table('t').count()).toBe(0)
})

test('calls after the end of a transaction throw', async () => {
  await using cluster = new Cluster()
  const { replicator } = await cluster.open('a', { tables: TABLES })
  const table = await replicator.transaction((tx) => tx.table('t'))
  expect(() => table.put('x', {})).toThrow(TypeError)
})

// Goal: a subscriber never sees one part of a transaction without the others. Method: every
// transaction writes one number under one id in two tables; a reader that looks after every turn
// of the event loop must find equal numbers, while the network is cut and healed at random.
test('records of one transaction in two tables arrive together, whatever is cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.constantFrom('write', 'write', 'write', 'burst', 'cut', 'heal', 'alone', 'turn'),
        {
          minLength: 20,
          maxLength: 60,
        },
      ),
      async (steps) => {
        await using cluster = new Cluster()
        const edge = await cluster.open('edge', { tables: TABLES, pageBytes: 1024 })
        const cloud = await cluster.open('cloud', { tables: TABLES, pageBytes: 1024 })
        const subscriptions = ['t', 'u'].map((table) =>
          cloud.replicator.subscribe({ table, from: 'edge' }),
        )
        await Promise.all(subscriptions.map(live))
        const torn: unknown[] = []
        const look = (): void => {
          for (const id of [0, 1]) {
            const [t, u] = ['t', 'u'].map((table) => cloud.replicator.table(table).getSync(id))
            if (t?.['n'] !== u?.['n']) torn.push([id, t, u])
          }
        }
        let looking = true
        const watching = (async () => {
          while (looking) {
            look()
            await new Promise((resolve) => setImmediate(resolve))
          }
        })()
        let n = 0
        const write = (): Promise<void> =>
          edge.replicator.transaction((tx) => {
            n += 1
            const text = 'x'.repeat(n % 300)
            for (const table of ['t', 'u']) tx.table(table).put(n % 2, { n, text })
          })
        for (const step of steps) {
          if (step === 'write') await write()
          if (step === 'burst') await Promise.all(Array.from({ length: 20 }, write))
          if (step === 'cut') cloud.transport.disconnect()
          if (step === 'heal') cloud.transport.reconnect()
          if (step === 'alone') await edge.replicator.table('t').put('other', { n })
          if (step === 'turn') await new Promise((resolve) => setImmediate(resolve))
        }
        cloud.transport.reconnect()
        for (const subscription of subscriptions) await subscription.catchUp()
        looking = false
        await watching
        expect(torn).toEqual([])
        expect(await dump(cloud, 'u')).toEqual(await dump(edge, 'u'))
        expect(await dump(cloud, 't')).toEqual(await dump(edge, 't'))
      },
    ),
    { numRuns: Number(process.env['ASHLAR_TRANSACTION_RUNS'] ?? 8) },
  )
})

test('a subscriber of one of the tables is not held up by the other', async () => {
  await using cluster = new Cluster()
  const edge = await cluster.open('edge', { tables: TABLES })
  const cloud = await cluster.open('cloud', { tables: TABLES })
  await live(cloud.replicator.subscribe({ table: 't', from: 'edge' }))
  await edge.replicator.transaction((tx) => {
    tx.table('t').put('x', { n: 1 })
    tx.table('u').put('x', { n: 1 })
  })
  await until(() => cloud.replicator.table('t').getSync('x') !== undefined)
  expect(cloud.replicator.table('u').getSync('x')).toBeUndefined()
})
