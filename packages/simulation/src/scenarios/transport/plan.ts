import { drawEvents, type Plan } from '../../scenario/scenario.ts'
import type { Dice } from '../../world/dice.ts'

export const NODES = ['a', 'b', 'c'] as const
export type NodeName = (typeof NODES)[number]
export const KEYS = ['k1', 'k2'] as const
export const TTL_MS = 600

export interface TransportSettings {
  readonly loss: number
  readonly driftPpm: Readonly<Record<NodeName, number>>
}

/** What happens to nodes that are named, or to the network between one of them and the server. */
export type TransportEvent = { readonly atMs: number; readonly node: NodeName } & (
  | {
      readonly do: 'lease'
      readonly key: string
      readonly holdMs: number
      readonly waitMs: number
      readonly renew: boolean
    }
  | { readonly do: 'append'; readonly withId: boolean }
  | { readonly do: 'count' }
  | { readonly do: 'cut' | 'heal'; readonly direction: 'to' | 'from' | 'both' }
  | { readonly do: 'slow'; readonly times: number }
  | { readonly do: 'crash'; readonly downMs: number }
  | { readonly do: 'step'; readonly ms: number }
)

export const SPAN_MS = 12_000

/** `driftPpm`: how far apart the speeds of clocks may be; leases allow for nearly a tenth. */
export function drawPlan(dice: Dice, driftPpm: number): Plan<TransportSettings, TransportEvent> {
  const drift = (): number => dice.pick([-1, 0, 1, 1]) * driftPpm
  return {
    settings: {
      loss: dice.pick([0, 0, 0.02, 0.1]),
      driftPpm: { a: drift(), b: drift(), c: drift() },
    },
    events: drawEvents(dice, dice.int(40, 140), SPAN_MS, (atMs) => drawEvent(dice, atMs)),
  }
}

function drawEvent(dice: Dice, atMs: number): TransportEvent {
  const node = dice.pick(NODES)
  const kind = dice.weighted({
    lease: 30,
    append: 14,
    count: 8,
    cut: 4,
    heal: 5,
    slow: 2,
    crash: 2,
    step: 1,
  })
  if (kind === 'lease') {
    const [key, holdMs, waitMs] = [
      dice.pick(KEYS),
      dice.pick([50, 900, 3_000]),
      dice.pick([0, 2_000, 2_000]),
    ]
    return { atMs, node, do: kind, key, holdMs, waitMs, renew: dice.chance(0.5) }
  }
  if (kind === 'append') return { atMs, node, do: kind, withId: dice.chance(0.7) }
  if (kind === 'cut' || kind === 'heal') {
    return { atMs, node, do: kind, direction: dice.pick(['to', 'from', 'both'] as const) }
  }
  if (kind === 'slow') return { atMs, node, do: kind, times: dice.pick([1, 50, 300]) }
  if (kind === 'crash') return { atMs, node, do: kind, downMs: dice.int(0, 1_500) }
  if (kind === 'step') return { atMs, node, do: kind, ms: dice.pick([-3_600_000, -500, 3_600_000]) }
  return { atMs, node, do: kind }
}
