// Worker processes on real nats-servers: killed, stopped and continued, and their servers too.
// SCHEDULER_CLUSTER_KILLS raises the number of kills.
import { ClusterScheduler } from '@ashlar/scheduler-core'
import { nats } from '@ashlar/transport/nats'
import { NatsCluster, NatsServer } from '@ashlar/transport/testing'
import { expect, onTestFinished, test } from 'vitest'
import { until } from './rig.ts'
import { Workers } from './workers.ts'

const KILLS = Number(process.env['SCHEDULER_CLUSTER_KILLS'] ?? 1)
const TTL_MS = 2_000
const KEYS = 15

async function client(servers: readonly string[], replicas = 1) {
  const transport = await nats({ servers, streams: { replicas } })
  const scheduler = await ClusterScheduler.open({
    transport,
    handlers: {},
    run: false,
    partitions: 4,
    leaseTtlMs: TTL_MS,
    callTimeoutMs: 60_000,
  })
  onTestFinished(async () => {
    await scheduler.close()
    await transport.close()
  })
  return scheduler as ClusterScheduler
}

function specs(count: number, from: number, runMs: number) {
  return Array.from({ length: count }, (_, at) => ({
    handler: 'work',
    payload: { n: from + at, runMs },
    key: `k${at % KEYS}`,
  }))
}

test(`kill -9 of ${KILLS} workers in full work, while partitions grow: nothing is lost, keys stay in order`, async () => {
  const server = await NatsServer.start()
  onTestFinished(() => server.close())
  const scheduler = await client([server.url])
  const workers = new Workers([server.url], TTL_MS)
  const alive = new Map([['w0', await workers.start('w0')]])
  const ids: string[] = []
  let cutOff = 0
  for (let kill = 1; kill <= KILLS; kill++) {
    alive.set(`w${kill}`, await workers.start(`w${kill}`))
    const before = workers.lines.length
    const results = await scheduler.scheduleMany(specs(300, ids.length, 20))
    ids.push(...results.map(({ id }) => id))
    // Which of them has partitions, and keys in them, is chance; one of the two has done half of it.
    const atWork = (): string | undefined =>
      [...alive.keys()].find((name) => {
        const since = workers.lines.slice(before)
        return since.filter(({ by, what }) => by === name && what === 'end').length > 20
      })
    await until('one is at work', () => atWork() !== undefined)
    const by = atWork() ?? ''
    const victim = alive.get(by)
    if (victim === undefined) throw new Error('nobody is at work')
    const grown = scheduler.grow(4 + kill) // whoever is at it may be killed in the middle
    alive.delete(by)
    await workers.kill(victim)
    const open = new Set(workers.of({ by, what: 'start' }).map(({ n }) => n))
    for (const { n } of workers.of({ what: 'end' })) open.delete(n)
    cutOff += open.size
    const hasBegunAgain = (n: number): boolean =>
      workers.of({ what: 'start', n }).some(({ by: who }) => who !== by)
    await until('what was cut off has begun again', () => [...open].every(hasBegunAgain))
    await grown
  }
  await until(
    'all is done',
    () => new Set(workers.of({ what: 'end' }).map(({ n }) => n)).size === ids.length,
  )
  workers.checkKeys()
  const starts = workers.of({ what: 'start' }).length
  expect(starts).toBeGreaterThanOrEqual(ids.length)
  // An end that was told and not stored yet is cut off too, once in each of the slots: by a kill, and
  // where the machine let a worker stand still for longer than its leases.
  const lost = workers.of({ what: 'lost' }).length
  expect(starts).toBeLessThanOrEqual(ids.length + cutOff + (KILLS + lost) * 20)
  expect(await scheduler.counts()).toMatchObject({ scheduled: 0, waiting: 0, running: 0, dead: 0 })
  expect(workers.of({ what: 'error' })).toEqual([])
})

test('a worker that was stopped for too long is refused when it goes on', async () => {
  const server = await NatsServer.start()
  onTestFinished(() => server.close())
  const scheduler = await client([server.url])
  const workers = new Workers([server.url], TTL_MS)
  const zombie = await workers.start('zombie')
  const spec = { handler: 'work', payload: { n: 1, runMs: 300 }, key: 'k' }
  const { id } = await scheduler.schedule(spec)
  await until('it runs', () => workers.some({ what: 'start', n: 1 }))
  zombie.kill('SIGSTOP')
  await workers.start('heir')
  expect(await scheduler.waitFor(id)).toEqual({ state: 'completed', result: 'heir' })
  zombie.kill('SIGCONT')
  await until('its handler ended', () => workers.some({ by: 'zombie', what: 'end' }))
  await until('it knows', () => workers.some({ by: 'zombie', what: 'lost' }))
  expect(await scheduler.get(id)).toMatchObject({ state: 'completed', result: 'heir' })
  const fences = workers.of({ what: 'start', n: 1 }).map(({ by, fence }) => [by, fence] as const)
  expect([...new Set(fences.map(([by]) => by))]).toEqual(['zombie', 'heir'])
  expect(fences.map(([, fence]) => fence)).toEqual(
    fences.map(([, fence]) => fence).toSorted((a, b) => a - b),
  )
  // It is a member as any other again.
  const more = await scheduler.scheduleMany(specs(30, 100, 1))
  for (const { id: each } of more)
    expect(await scheduler.waitFor(each)).toMatchObject({ state: 'completed' })
  expect(workers.of({ what: 'error' })).toEqual([])
})

test('the leader of a partition is killed in a cluster of three: what was acknowledged runs', async () => {
  const cluster = await NatsCluster.start()
  onTestFinished(() => cluster.close())
  const scheduler = await client(cluster.urls, 3)
  const workers = new Workers(cluster.urls, 4_000, 3)
  await workers.start('a')
  await workers.start('b')
  const ids: string[] = []
  const vague: number[] = []
  const scheduling = (async () => {
    for (let n = 0; n < 400; n++) {
      const [spec] = specs(1, n, 1)
      try {
        const call = scheduler.schedule({
          ...spec,
          handler: 'work',
          payload: spec?.payload,
          key: `k${n % KEYS}`,
        })
        ids.push((await call).id)
      } catch (error) {
        expect(error).toMatchObject({ code: 'OUTCOME_UNKNOWN' })
        vague.push(n)
      }
    }
  })()
  await until('work is under way', () => workers.of({ what: 'end' }).length > 50)
  await (await cluster.leaderOf('LOG_default_tasks_0')).kill()
  await scheduling
  const done = (): Set<number> => new Set(workers.of({ what: 'end' }).map(({ n }) => n))
  const missing = (): number[] =>
    Array.from({ length: 400 }, (_, n) => n).filter((n) => !done().has(n) && !vague.includes(n))
  await until('all is done', () => missing().length === 0)
  workers.checkKeys()
  expect(ids.length + vague.length).toBe(400)
  expect(ids.length).toBeGreaterThan(vague.length)
})
