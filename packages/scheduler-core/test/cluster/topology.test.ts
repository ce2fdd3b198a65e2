import { createMemoryHub, memory } from '@ashlar/transport'
import { expect, onTestFinished, test } from 'vitest'
import { Topology } from '../../src/cluster/topology.ts'

async function open(partitions = 2) {
  const transport = memory({ hub: createMemoryHub() })
  onTestFinished(() => transport.close())
  const kv = await transport.kv('n_scheduler')
  return { kv, one: await Topology.open(kv, partitions), two: await Topology.open(kv, 99) }
}

test('the step is finished by whoever claimed it last, and by nobody before', async () => {
  const { one, two } = await open()
  await one.grow(3)
  const { due } = one
  if (due === undefined) throw new Error('a step is due')
  expect(due).toEqual({ parent: 0, child: 2, modulus: 4 })
  expect(await one.claim(due, 5)).toBe(true)
  expect(await two.claim(due, 9)).toBe(true)
  await expect(one.publish(due, 5)).rejects.toMatchObject({ code: 'PARTITION_LOST' })
  await expect(one.claim(due, 5)).rejects.toMatchObject({ code: 'PARTITION_LOST' })
  expect(one.all).toEqual([0, 1])
  await two.publish(due, 9)
  expect(two.all).toEqual([0, 1, 2])
  // its answer was lost: it is asked once more
  await two.publish(due, 9)
  // who was beaten finds that there is nothing left to do
  expect(await one.claim(due, 5)).toBe(false)
  expect(one.all).toEqual([0, 1, 2])
  expect(one.due).toBeUndefined()
})

test('what is asked for while a step is done neither undoes the claim nor the step', async () => {
  const { one, two } = await open()
  await one.grow(3)
  const { due } = one
  if (due === undefined) throw new Error('a step is due')
  await one.claim(due, 5)
  await two.grow(6)
  await one.publish(due, 5)
  expect([one.all.length, one.target]).toEqual([3, 6])
  await expect(two.grow(4)).rejects.toThrow(RangeError)
})

test('a namespace that never grew is stored as it was before it could', async () => {
  const { kv, one } = await open()
  const stored = async (): Promise<unknown> =>
    JSON.parse(Buffer.from((await kv.get('config'))?.value ?? []).toString())
  expect(await stored()).toEqual({ format: 1, partitions: 2 })
  await one.grow(2)
  expect(await stored()).toEqual({ format: 1, partitions: 2 })
  await one.grow(3)
  expect(await stored()).toEqual({ format: 2, base: 2, partitions: 2, target: 3, claim: 0 })
})
