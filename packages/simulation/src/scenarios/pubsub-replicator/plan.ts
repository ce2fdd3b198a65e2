import { drawEvents, type Plan } from '../../scenario/scenario.ts'
import type { Dice } from '../../world/dice.ts'

/** Three that write, and one that receives a part of what `b` has. */
export const WRITERS = ['a', 'b', 'c'] as const
export const VIEWER = 'viewer'
export type NodeName = (typeof WRITERS)[number] | typeof VIEWER
export const NODES: readonly NodeName[] = [...WRITERS, VIEWER]

export interface ReplicatorSettings {
  /** Everybody hears everybody, or all through `b`, which forwards. */
  readonly topology: 'mesh' | 'chain'
  readonly merge: 'record' | 'field'
  readonly sync: 'always' | 'interval'
  readonly changeRetentionBytes: number
  readonly loss: number
  readonly duplicate: number
  readonly reorder: number
  readonly offsetMs: Readonly<Record<NodeName, number>>
  readonly driftPpm: Readonly<Record<NodeName, number>>
}

export type ReplicatorEvent = { readonly atMs: number; readonly node: NodeName } & (
  | {
      readonly do: 'put' | 'patch'
      readonly id: number
      readonly field: number
      readonly value: number
    }
  | { readonly do: 'delete'; readonly id: number }
  | { readonly do: 'pair'; readonly id: number; readonly value: number }
  | { readonly do: 'own' | 'collect' | 'restart' }
  | { readonly do: 'kill' | 'power-cut'; readonly downMs: number }
  | { readonly do: 'cut' | 'heal'; readonly other: NodeName }
  | { readonly do: 'slow'; readonly other: NodeName; readonly times: number }
  | { readonly do: 'step'; readonly ms: number }
)

export const SPAN_MS = 5_000

export function drawPlan(dice: Dice): Plan<ReplicatorSettings, ReplicatorEvent> {
  const perNode = (draw: () => number): Record<NodeName, number> => ({
    a: draw(),
    b: draw(),
    c: draw(),
    viewer: draw(),
  })
  return {
    settings: {
      topology: dice.pick(['mesh', 'chain']),
      merge: dice.pick(['record', 'field']),
      sync: dice.pick(['always', 'interval']),
      changeRetentionBytes: dice.pick([0, 1 << 20]),
      loss: dice.pick([0, 0.01, 0.1]),
      duplicate: dice.pick([0, 0.1]),
      reorder: dice.pick([0, 0.2]),
      offsetMs: perNode(() => dice.int(-20_000, 20_000)),
      driftPpm: perNode(() => dice.int(-200, 200)),
    },
    events: drawEvents(dice, dice.int(25, 80), SPAN_MS, (atMs) => drawEvent(dice, atMs)),
  }
}

function drawEvent(dice: Dice, atMs: number): ReplicatorEvent {
  const kind = dice.weighted({
    put: 10,
    patch: 10,
    delete: 5,
    pair: 12,
    own: 8,
    collect: 1,
    restart: 1,
    kill: 1,
    'power-cut': 2,
    cut: 5,
    heal: 5,
    slow: 2,
    step: 1,
  })
  const node: NodeName = dice.pick(WRITERS)
  const id = dice.int(0, 5)
  const value = dice.int(1, 999)
  switch (kind) {
    case 'put':
    case 'patch':
      return { atMs, node, do: kind, id, field: dice.int(0, 2), value }
    case 'delete':
      return { atMs, node, do: kind, id }
    case 'pair':
      return { atMs, node, do: kind, id: dice.int(0, 2), value }
    case 'own':
    case 'collect':
      return { atMs, node, do: kind }
    case 'restart':
      return { atMs, node: dice.pick(NODES), do: kind }
    case 'kill':
    case 'power-cut':
      return { atMs, node: dice.pick(NODES), do: kind, downMs: dice.int(0, 1_000) }
    case 'cut':
    case 'heal':
      return { atMs, node: dice.pick(NODES), do: kind, other: dice.pick(NODES) }
    case 'slow':
      return { atMs, node, do: kind, other: dice.pick(NODES), times: dice.pick([1, 20, 100]) }
    default:
      return { atMs, node: dice.pick(NODES), do: 'step', ms: dice.int(-10_000, 10_000) }
  }
}
