// Goal: every service holds its invariants under faults, from a handful of seeds in CI
// (ASHLAR_SIMULATION_SEEDS for more), and the checks of each can fail: a variant that is broken on
// purpose is caught within a few seeds.
import {
  planOf,
  playSeed,
  SCENARIOS,
  type Scenario,
  shrink,
  type Violation,
} from '@ashlar/simulation'
import { describe, expect, test } from 'vitest'

const ASKED = process.env['ASHLAR_SIMULATION_SEEDS']
/** Of services whose seeds are cheap enough, as many as their safety needs; else these. */
const SEEDS: Readonly<Record<string, number>> = { 'scheduler-core': 50, 'scheduler-cluster': 50 }
const FEW_SEEDS = 4
const BROKEN_SEEDS = 25

/** Seeds that once found a defect; see README.md. A scenario that draws other plans makes them moot. */
const ONCE_FAILED: Readonly<Record<string, readonly number[]>> = {
  'lsm-store': [853],
  'pubsub-replicator': [243, 263, 832],
  'resp-election': [2, 17],
  'resp-server': [1015],
  'scheduler-cluster': [32],
}

/** Where to begin, for a variant that needs a rare history. */
const BROKEN_FROM: Readonly<Record<string, number>> = {
  'pubsub-replicator unasked-rows': 243,
  'scheduler-cluster clocks-apart': 100,
}

async function firstFailure(
  scenario: Scenario,
  from: number,
  seeds: number,
): Promise<Violation | undefined> {
  for (let seed = from; seed < from + seeds; seed++) {
    const { violation } = await playSeed(scenario, seed)
    if (violation !== undefined) return violation
  }
  return undefined
}

for (const [service, { create, breaks }] of Object.entries(SCENARIOS)) {
  const seeds = Number(ASKED ?? SEEDS[service] ?? FEW_SEEDS)
  describe(service, () => {
    test(`holds its invariants from ${seeds} seeds`, { timeout: 600_000 }, async () => {
      for (let seed = 1; seed <= seeds; seed++) {
        const { violation } = await playSeed(create(), seed)
        const replay = `pnpm simulate --service ${service} --seed ${seed}`
        expect(violation?.message, replay).toBeUndefined()
      }
    })

    for (const seed of ONCE_FAILED[service] ?? []) {
      test(`holds them from seed ${seed}, which once failed`, { timeout: 120_000 }, async () => {
        expect((await playSeed(create(), seed)).violation?.message).toBeUndefined()
      })
    }

    for (const name of breaks) {
      test(`notices what is broken on purpose: ${name}`, { timeout: 60_000 }, async () => {
        const from = BROKEN_FROM[`${service} ${name}`] ?? 1
        expect(await firstFailure(create(name), from, BROKEN_SEEDS)).toBeDefined()
      })
    }
  })
}

test('a failure is shrunk to a plan that still fails, by the same invariant', async () => {
  const scenario = SCENARIOS['lsm-store']?.create('lying-disk') as Scenario
  for (let seed = 1; ; seed++) {
    const failed = await playSeed(scenario, seed)
    if (failed.violation === undefined) continue
    const small = await shrink(scenario, failed)
    expect(small.violation?.invariant).toBe(failed.violation.invariant)
    expect(small.plan.events.length).toBeLessThan(planOf(scenario, seed).events.length / 4)
    const again = await playSeed(scenario, seed, small.plan)
    expect(again.trace.text()).toBe(small.trace.text())
    return
  }
})
