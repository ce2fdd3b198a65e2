import { fork } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom } from '@ashlar/codec'
import { Replicator } from '@ashlar/pubsub-replicator'
import { createMemoryHub, memory } from '@ashlar/transport'
import { expect, test } from 'vitest'

interface Report {
  readonly committed: number
  readonly cursor: number
}

/** Runs the child until it has committed so much, and kills it in the middle of its work. */
async function runAndKill(folder: string, start: number, until: number): Promise<Report> {
  const child = fork(new URL('./crash-child.ts', import.meta.url), [folder, String(start)])
  let last: Report = { committed: -1, cursor: 0 }
  child.on('message', (report: Report) => {
    last = report
    if (report.committed >= until && report.cursor > 0) child.kill('SIGKILL')
  })
  await new Promise<void>((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) =>
      signal === 'SIGKILL' ? resolve() : reject(new Error(`the child ended by itself: ${code}`)),
    )
  })
  return last
}

// Goal: kill -9 of publisher and subscriber loses nothing that was committed, tears no transaction
// apart on either side, and costs no snapshot. Method: both in a child, killed at random moments;
// both stores are then opened here.
test('publisher and subscriber go on where they were after kill -9', async () => {
  const seed = Number(process.env['ASHLAR_SEED'] ?? 1)
  const random = seededRandom(seed)
  const folder = await mkdtemp(join(tmpdir(), 'ashlar-replicator-'))
  try {
    let next = 0
    for (let round = 0; round < Number(process.env['ASHLAR_CRASH_ROUNDS'] ?? 4); round += 1) {
      const { committed } = await runAndKill(
        folder,
        next,
        next + 50 + Math.floor(random.next() * 400),
      )
      next = await examine(folder, committed)
    }
  } catch (error) {
    throw new Error(`seed ${seed}`, { cause: error })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

/** Opens both stores, checks what they hold, lets them catch up; answers the next number. */
async function examine(folder: string, committed: number): Promise<number> {
  const hub = createMemoryHub()
  const tables = ['t', 'u'].map((name) => ({ name, publish: true }))
  const open = (node: string): Promise<Replicator> =>
    Replicator.open({
      node,
      path: `${folder}/${node}`,
      transport: memory({ hub }),
      tables,
      heartbeatMs: 20,
    })
  await using edge = await open('edge')
  await using cloud = await open('cloud')
  const numbers = async (replicator: Replicator, table: string): Promise<unknown[]> => {
    const rows = await Array.fromAsync(replicator.table(table).scan())
    return rows.map(([id, { n }]) => [id, n])
  }
  // one transaction wrote both tables: neither side has one without the other
  expect(await numbers(edge, 't')).toEqual(await numbers(edge, 'u'))
  expect(await numbers(cloud, 't')).toEqual(await numbers(cloud, 'u'))
  const newest = Math.max(...(await numbers(edge, 't')).map((row) => (row as [number, number])[1]))
  expect(newest).toBeGreaterThanOrEqual(committed)

  const subscriptions = ['t', 'u'].map((table) => cloud.subscribe({ table, from: 'edge' }))
  for (const subscription of subscriptions) await subscription.catchUp()
  expect(await numbers(cloud, 't')).toEqual(await numbers(edge, 't'))
  expect(await numbers(cloud, 'u')).toEqual(await numbers(edge, 'u'))
  expect(cloud.status().subscriptions.map(({ snapshots }) => snapshots)).toEqual([0, 0])
  return newest + 1
}
