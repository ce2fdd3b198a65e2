import { drawEvents, type Plan } from '../../scenario/scenario.ts'
import type { Dice } from '../../world/dice.ts'
import { NODES, type NodeName } from '../resp-replicas/plan.ts'

export interface ElectionSettings {
  readonly leaseTtlMs: number
  readonly changeRetentionBytes: number
  readonly driftPpm: Readonly<Record<NodeName, number>>
}

/** One election: a replica falls behind, then the primary goes. */
export interface ElectionEvent {
  readonly atMs: number
  readonly do: 'kill' | 'power-cut' | 'restart'
  /** Which of the two replicas falls behind. */
  readonly behind: number
  /** Writes that it lacks; with none, both are as far. */
  readonly writes: number
  /** How long the primary is away after the next has been found. */
  readonly downMs: number
  /** Link from each replica to the server of leases: the slower one asks later. */
  readonly slowness: readonly [number, number]
}

export function drawPlan(dice: Dice): Plan<ElectionSettings, ElectionEvent> {
  const drift = (): number => dice.int(-200, 200)
  const driftPpm = Object.fromEntries(NODES.map((name) => [name, drift()]))
  return {
    settings: {
      leaseTtlMs: dice.pick([300, 1000]),
      changeRetentionBytes: dice.pick([0, 1 << 20]),
      driftPpm: driftPpm as Record<NodeName, number>,
    },
    events: drawEvents(dice, dice.int(2, 6), 1_000, (atMs) => ({
      atMs,
      do: dice.pick(['kill', 'power-cut', 'restart'] as const),
      behind: dice.int(0, 1),
      writes: dice.int(0, 5),
      downMs: dice.int(0, 500),
      slowness: [dice.pick([1, 8]), dice.pick([1, 8])],
    })),
  }
}
