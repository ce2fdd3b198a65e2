import { seededRandom } from '@ashlar/codec'
import { Simulation, type SimulationResult } from '../world/simulation.ts'
import type { Plan, Scenario } from './scenario.ts'

/** What a seed came to. */
export interface SeedResult extends SimulationResult {
  readonly seed: number
  readonly plan: Plan
}

/** The plan that a seed stands for. */
export function planOf(scenario: Scenario, seed: number): Plan {
  return scenario.plan(seededRandom(`${scenario.name}/${seed}`))
}

/** Plays what a seed stands for, or another plan in its world. */
export async function playSeed(
  scenario: Scenario,
  seed: number,
  plan: Plan = planOf(scenario, seed),
): Promise<SeedResult> {
  const result = await Simulation.run(seed, (world) => scenario.play(world, plan))
  return { ...result, seed, plan }
}
