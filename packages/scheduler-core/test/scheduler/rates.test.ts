// Token buckets outlive the process: a restart gives nobody a new burst.
import type { HandlerMap } from '@ashlar/scheduler-core'
import { expect, test } from 'vitest'
import { Rig } from '../rig.ts'

const HOUR_MS = 3_600_000
const rate = { limit: 6, perMs: HOUR_MS, burst: 3 }

async function open(queue: object) {
  const starts: string[] = []
  const handlers: HandlerMap = {
    note: { run: (payload: unknown): void => void starts.push(String(payload)) },
  }
  const rig = await Rig.open<HandlerMap>({ handlers, queues: { default: queue } })
  const fill = (tenant?: string) =>
    rig.scheduler.scheduleMany(
      Array.from({ length: 20 }, (_, payload) => ({
        handler: 'note',
        payload: tenant ?? payload,
        ...(tenant !== undefined && { tenant }),
      })),
    )
  return { rig, starts, fill }
}

for (const [how, restart] of [
  ['is killed', (rig: Rig<HandlerMap>) => rig.kill()],
  ['ends', (rig: Rig<HandlerMap>) => rig.reopen()],
] as const) {
  test(`the rate of a queue holds when the process ${how}`, async () => {
    const { rig, starts, fill } = await open({ rate })
    await fill()
    await rig.pass(1)
    expect(starts.splice(0)).toHaveLength(3)
    for (let times = 0; times < 3; times++) {
      await restart(rig)
      await rig.pass(1)
      expect(starts).toEqual([])
    }
    await rig.pass(HOUR_MS / 6)
    expect(starts.splice(0)).toHaveLength(1)
    await restart(rig)
    await rig.pass(HOUR_MS / 2)
    expect(starts).toHaveLength(3)
  })

  test(`the rate of a tenant holds when the process ${how}`, async () => {
    const { rig, starts, fill } = await open({ tenants: { rate } })
    await fill('ada')
    await rig.pass(1)
    expect(starts.splice(0)).toHaveLength(3)
    await restart(rig)
    await rig.scheduler.schedule({ handler: 'note', payload: 'high', tenant: 'ada', priority: 5 })
    await fill('bob')
    await rig.pass(1)
    expect(starts.splice(0)).toEqual(['bob', 'bob', 'bob'])
    await rig.pass(HOUR_MS / 6)
    expect(starts.toSorted()).toHaveLength(2)
  })
}

test('time in which nothing ran fills the buckets, no more than full', async () => {
  const { rig, starts, fill } = await open({ rate })
  await fill()
  await rig.pass(1)
  await rig.close()
  starts.length = 0
  await rig.clock.advance(10 * HOUR_MS)
  await rig.start()
  await rig.pass(1)
  expect(starts).toHaveLength(3)
})

test('a wall clock that was stepped back while nothing ran gives nothing', async () => {
  const { rig, starts, fill } = await open({ rate })
  await fill()
  await rig.pass(1)
  await rig.close()
  starts.length = 0
  rig.clock.step(-HOUR_MS)
  await rig.start()
  rig.clock.step(HOUR_MS)
  await rig.pass(20_000) // the step is noticed
  expect(starts).toEqual([])
})

test('a tenant with a used rate is remembered when it has nothing left, and then forgotten', async () => {
  const { rig, starts } = await open({ tenants: { rate } })
  const once = () => rig.scheduler.schedule({ handler: 'note', payload: 'x', tenant: 'ada' })
  for (let n = 0; n < 3; n++) await once()
  await rig.pass(60_000)
  expect(starts.splice(0)).toHaveLength(3)
  await once()
  await rig.pass(60_000)
  expect(starts).toHaveLength(0)
  await rig.pass(HOUR_MS)
  expect(starts).toHaveLength(1)
  await rig.pass(HOUR_MS)
  const { size } = new Set(Array.from(await keysOf(rig), (key) => key.slice(0, 4)))
  expect(size).toBeGreaterThan(0)
  expect((await keysOf(rig)).filter((key) => key.startsWith('~s/k'))).toEqual([])
})

async function keysOf(rig: Rig<HandlerMap>): Promise<string[]> {
  const keys: string[] = []
  using iterator = rig.store.iterator({ keysOnly: true })
  for (let entry = iterator.nextSync(); entry !== undefined; entry = iterator.nextSync()) {
    keys.push(Buffer.from(entry[0]).toString('latin1'))
  }
  return keys
}
