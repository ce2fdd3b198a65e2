import { systemClock } from '@ashlar/codec'
import { Simulation, Violation } from '@ashlar/simulation'
import { expect, test } from 'vitest'

const lines = (text: string): string[] => text.split('\n').map((line) => line.trim())

test('time passes only when nothing is ready: promises, ticks and immediates come first', async () => {
  const { violation, trace } = await Simulation.run(1, async (world) => {
    world.clock.setTimer(() => world.note('timer'), 0)
    setImmediate(() => {
      setImmediate(() => process.nextTick(() => world.note('tick of an immediate of an immediate')))
    })
    await world.sleep(1)
    world.note('end')
  })
  expect(violation).toBeUndefined()
  expect(lines(trace.text())).toEqual([
    '0.000  tick of an immediate of an immediate',
    '0.000  timer',
    '1.000  end',
  ])
})

test('an immediate that was cleared does not run', async () => {
  const { trace } = await Simulation.run(1, async (world) => {
    clearImmediate(setImmediate(() => world.note('never')))
    await world.sleep(1)
  })
  expect(trace.length).toBe(0)
})

test('streams of chance follow from seed and name, not from each other', async () => {
  const draw = async (seed: number, names: readonly string[]): Promise<number[]> => {
    const drawn: number[] = []
    await Simulation.run(seed, async (world) => {
      for (const name of names) drawn.push(world.random(name).next())
    })
    return drawn
  }
  const [a, b] = await draw(1, ['a', 'b'])
  expect(await draw(1, ['b', 'a'])).toEqual([b, a])
  expect(await draw(2, ['a'])).not.toEqual([a])
  expect(a).not.toBe(b)
})

test('what main throws, what a timer throws and what nobody handles are violations', async () => {
  const invariantOf = async (main: (world: Simulation) => Promise<void>): Promise<unknown> =>
    (await Simulation.run(1, main)).violation?.invariant
  const thrown = await invariantOf(async () => {
    throw new Violation('mine', 'broken')
  })
  const inTimer = await invariantOf(async (world) => {
    world.clock.setTimer(() => {
      throw new Error('in a timer')
    }, 1)
    await world.sleep(10)
  })
  const deadlocked = await invariantOf(() => new Promise(() => {}))
  expect([thrown, inTimer, deadlocked]).toEqual(['mine', 'uncaught', 'progress'])
})

test('a package that asks the machine for the time is found out', async () => {
  const { violation } = await Simulation.run(1, async () => void systemClock.now())
  expect(violation?.invariant).toBe('determinism')
  expect(violation?.message).toContain('system-clock.ts')
})
