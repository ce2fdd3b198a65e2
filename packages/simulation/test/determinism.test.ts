// Goal: a seed is a run. The same one gives the same trace, byte for byte, in this process and in
// another one; otherwise no failure could be replayed.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { playSeed, SCENARIOS } from '@ashlar/simulation'
import { expect, test } from 'vitest'

const SEEDS = Number(process.env['ASHLAR_SIMULATION_SEEDS'] ?? 15)

/** Digests of the traces of a range of seeds of every scenario, from a process of its own. */
async function digestsOfChild(from: number, to: number): Promise<string[]> {
  const child = fork(join(import.meta.dirname, 'determinism-child.ts'), [String(from), String(to)])
  const [digests] = (await once(child, 'message')) as [string[]]
  await once(child, 'exit')
  return digests
}

test('seeds give the same traces again, also in another process', {
  timeout: 600_000,
}, async () => {
  const services = Object.values(SCENARIOS)
  const each = Math.ceil(SEEDS / services.length)
  const inChild = digestsOfChild(1, each)
  const digests: string[] = []
  for (const { create } of services) {
    for (let seed = 1; seed <= each; seed++) {
      const { trace } = await playSeed(create(), seed)
      expect(trace.length).toBeGreaterThan(0)
      digests.push(trace.digest())
    }
  }
  expect(await inChild).toEqual(digests)
  expect(new Set(digests).size).toBe(digests.length)
})

test('the same seed gives the same lines', { timeout: 60_000 }, async () => {
  for (const { create } of Object.values(SCENARIOS)) {
    const [first, second] = [await playSeed(create(), 3), await playSeed(create(), 3)]
    expect(second.trace.text()).toBe(first.trace.text())
  }
})
