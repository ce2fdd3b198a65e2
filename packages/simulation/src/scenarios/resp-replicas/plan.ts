import { drawEvents, type Plan } from '../../scenario/scenario.ts'
import type { Dice } from '../../world/dice.ts'

export const NODES = ['a', 'b', 'c'] as const
export type NodeName = (typeof NODES)[number]

export interface ReplicasSettings {
  readonly leaseTtlMs: number
  readonly changeRetentionBytes: number
  readonly loss: number
  readonly duplicate: number
  readonly reorder: number
  readonly driftPpm: Readonly<Record<NodeName, number>>
}

export type ReplicasEvent = {
  readonly atMs: number
  readonly node: NodeName
} /** Writes the next number, and waits until so many replicas have it. */ & (
  | { readonly do: 'push'; readonly replicas: number }
  /** Writes two keys as one. */
  | { readonly do: 'pair' | 'restart' | 'failover' }
  | { readonly do: 'kill' | 'power-cut'; readonly downMs: number }
  /** From a node, or from the server with logs and buckets. */
  | { readonly do: 'cut' | 'heal'; readonly other: NodeName | 'server' }
  | { readonly do: 'slow'; readonly other: NodeName | 'server'; readonly times: number }
)

export const SPAN_MS = 12_000

export function drawPlan(dice: Dice): Plan<ReplicasSettings, ReplicasEvent> {
  const drift = (): number => dice.int(-200, 200)
  return {
    settings: {
      leaseTtlMs: dice.pick([300, 1000]),
      changeRetentionBytes: dice.pick([0, 1 << 20]),
      loss: dice.pick([0, 0.01, 0.05]),
      duplicate: dice.pick([0, 0.1]),
      reorder: dice.pick([0, 0.2]),
      driftPpm: { a: drift(), b: drift(), c: drift() },
    },
    events: drawEvents(dice, dice.int(60, 200), SPAN_MS, (atMs) => drawEvent(dice, atMs)),
  }
}

function drawEvent(dice: Dice, atMs: number): ReplicasEvent {
  const kind = dice.weighted({
    push: 40,
    pair: 15,
    failover: 1,
    restart: 1,
    kill: 1,
    'power-cut': 1,
    cut: 4,
    heal: 5,
    slow: 2,
  })
  const node = dice.pick(NODES)
  const other = dice.pick([...NODES, 'server', 'server'] as const)
  switch (kind) {
    case 'push':
      return { atMs, node, do: kind, replicas: dice.pick([0, 1, 2, 2]) }
    case 'kill':
    case 'power-cut':
      return { atMs, node, do: kind, downMs: dice.int(0, 1_500) }
    case 'cut':
    case 'heal':
      return { atMs, node, do: kind, other }
    case 'slow':
      return { atMs, node, do: kind, other, times: dice.pick([1, 20, 100]) }
    default:
      return { atMs, node, do: kind }
  }
}
