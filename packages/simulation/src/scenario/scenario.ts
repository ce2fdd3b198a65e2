import type { Random } from '@ashlar/codec'
import { Dice } from '../world/dice.ts'
import type { Simulation } from '../world/simulation.ts'

/** Something that happens at a time of its own: an operation or a fault, as data. */
export interface PlannedEvent {
  readonly atMs: number
  readonly do: string
}

/** All that a run does, drawn from the seed before it starts, so that it can be cut down. */
export interface Plan<S = unknown, E extends PlannedEvent = PlannedEvent> {
  readonly settings: S
  readonly events: readonly E[]
}

/** One service under fire: what happens, and what must never come of it. */
export interface Scenario {
  /** Also the value of `--service`. */
  readonly name: string
  plan(random: Random): Plan
  /** Plays the plan. Throws or reports a Violation. */
  play(world: Simulation, plan: Plan): Promise<void>
}

/** What a scenario is defined by. */
export interface ScenarioDefinition<S, E extends PlannedEvent> {
  readonly name: string
  readonly plan: (dice: Dice) => Plan<S, E>
  readonly play: (world: Simulation, plan: Plan<S, E>) => Promise<void>
}

/** Closes a scenario over the types of its plan. */
export function defineScenario<S, E extends PlannedEvent>(
  definition: ScenarioDefinition<S, E>,
): Scenario {
  return {
    name: definition.name,
    plan: (random) => definition.plan(new Dice(random)),
    // a plan is only ever played by the scenario that drew it
    play: (world, plan) => definition.play(world, plan as Plan<S, E>),
  }
}

/** Draws events with a time each: `count` of them, spread over `spanMs`, in order. */
export function drawEvents<E extends PlannedEvent>(
  dice: Dice,
  count: number,
  spanMs: number,
  draw: (atMs: number) => E,
): E[] {
  const times = Array.from({ length: count }, () => dice.int(0, spanMs))
  return times.sort((a, b) => a - b).map(draw)
}
