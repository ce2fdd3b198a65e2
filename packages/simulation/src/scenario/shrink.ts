import { playSeed, type SeedResult } from './play-seed.ts'
import type { PlannedEvent, Scenario } from './scenario.ts'

/** Runs that shrinking may take. */
const MAX_RUNS = 400

/**
 * Takes events out of a failing plan as long as the same invariant is violated without them
 * (Zeller's ddmin: halves first, then smaller pieces). What is left fails, and is short enough to
 * read.
 */
export async function shrink(
  scenario: Scenario,
  failed: SeedResult,
  onRun: (events: number) => void = () => {},
): Promise<SeedResult> {
  let best = failed
  let runs = 0
  let pieces = 2
  while (best.plan.events.length > 1 && pieces <= best.plan.events.length && runs < MAX_RUNS) {
    const { events } = best.plan
    const size = Math.ceil(events.length / pieces)
    let smaller: SeedResult | undefined
    for (let from = 0; from < events.length && runs < MAX_RUNS; from += size) {
      runs += 1
      onRun(events.length)
      smaller = await without(scenario, best, from, from + size)
      if (smaller !== undefined) break
    }
    if (smaller === undefined) {
      if (size === 1) break
      pieces = Math.min(pieces * 2, events.length)
    } else {
      best = smaller
      pieces = Math.max(2, pieces - 1)
    }
  }
  return best
}

/** The run without some events, if it still violates the same invariant. */
async function without(
  scenario: Scenario,
  failed: SeedResult,
  from: number,
  to: number,
): Promise<SeedResult | undefined> {
  const keep = (_: PlannedEvent, index: number): boolean => index < from || index >= to
  const plan = { ...failed.plan, events: failed.plan.events.filter(keep) }
  const result = await playSeed(scenario, failed.seed, plan)
  return result.violation?.invariant === failed.violation?.invariant ? result : undefined
}
