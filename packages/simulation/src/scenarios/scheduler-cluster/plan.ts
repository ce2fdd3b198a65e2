import { drawEvents, type Plan } from '../../scenario/scenario.ts'
import type { Dice } from '../../world/dice.ts'

export const NODES = ['a', 'b', 'c'] as const
export type NodeName = (typeof NODES)[number]
export const KEYS = ['k', 'l', 'm', 'n'] as const
export const PARTITIONS = 2
export const MAX_PARTITIONS = 5
export const TTL_MS = 1_000

export interface ClusterSettings {
  readonly driftPpm: Readonly<Record<NodeName, number>>
  /** Bytes after which logs are compacted: often, or never. */
  readonly compactBytes: number
}

/** What a member is asked for, or what happens to it, or between it and the server. */
export type ClusterEvent = { readonly atMs: number; readonly node: NodeName } & (
  | {
      readonly do: 'schedule'
      readonly key: string
      readonly unique: string | undefined
      readonly delayMs: number
      readonly runMs: number
    }
  | { readonly do: 'cancel'; readonly pick: number }
  | { readonly do: 'cut' | 'heal'; readonly direction: 'to' | 'from' | 'both' }
  | { readonly do: 'slow'; readonly times: number }
  | { readonly do: 'crash'; readonly downMs: number }
  | { readonly do: 'leave'; readonly downMs: number }
  /** So many partitions more. */
  | { readonly do: 'grow'; readonly by: number }
)

export const SPAN_MS = 9_000

/** `driftPpm`: how far apart the speeds of clocks may be; leases allow for nearly a tenth. */
export function drawPlan(dice: Dice, driftPpm: number): Plan<ClusterSettings, ClusterEvent> {
  const drift = (): number => dice.pick([-1, 0, 1, 1]) * driftPpm
  return {
    settings: {
      driftPpm: { a: drift(), b: drift(), c: drift() },
      compactBytes: dice.pick([2_000, 20_000, 1e9]),
    },
    events: withStrikes(
      dice,
      drawEvents(dice, dice.int(40, 100), SPAN_MS, (atMs) => drawEvent(dice, atMs)),
    ),
  }
}

/** Partitions that are split are most often so by members that something happens to. */
function withStrikes(dice: Dice, events: readonly ClusterEvent[]): ClusterEvent[] {
  const strikes = events.flatMap((event): ClusterEvent[] => {
    if (event.do !== 'grow' || dice.chance(0.3)) return []
    const atMs = event.atMs + dice.int(0, 700)
    const node = dice.pick(NODES)
    if (dice.chance(0.5)) return [{ atMs, node, do: 'crash', downMs: dice.int(0, 2_500) }]
    const direction = dice.pick(['to', 'from', 'both'] as const)
    const until = { atMs: atMs + dice.int(200, 2_500), node, direction }
    return [
      { atMs, node, do: 'cut', direction },
      { ...until, do: 'heal' },
    ]
  })
  return [...events, ...strikes].sort((a, b) => a.atMs - b.atMs)
}

function drawEvent(dice: Dice, atMs: number): ClusterEvent {
  const node = dice.pick(NODES)
  const kind = dice.weighted({
    schedule: 40,
    cancel: 6,
    cut: 5,
    heal: 6,
    slow: 2,
    crash: 2,
    leave: 1,
    grow: 2,
  })
  if (kind === 'schedule') {
    const key = dice.pick(KEYS)
    const unique = dice.chance(0.15) ? `${key}-${dice.pick(['x', 'y'])}` : undefined
    const delayMs = dice.pick([0, 0, 20, 500, 3_000])
    return {
      atMs,
      node,
      do: kind,
      key,
      unique,
      delayMs,
      runMs: dice.pick([0, 0, 5, 100, 900, 3_000]),
    }
  }
  if (kind === 'cut' || kind === 'heal') {
    return { atMs, node, do: kind, direction: dice.pick(['to', 'from', 'both'] as const) }
  }
  if (kind === 'slow') return { atMs, node, do: kind, times: dice.pick([1, 30, 200]) }
  if (kind === 'cancel') return { atMs, node, do: kind, pick: dice.int(0, 999) }
  if (kind === 'grow') return { atMs, node, do: kind, by: dice.int(1, 2) }
  return { atMs, node, do: kind, downMs: dice.int(0, 2_500) }
}
