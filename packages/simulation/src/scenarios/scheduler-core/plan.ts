import { drawEvents, type Plan } from '../../scenario/scenario.ts'
import type { Dice } from '../../world/dice.ts'

export const QUEUES = ['skip', 'block', 'park'] as const
export type QueueName = (typeof QUEUES)[number]
export const MAX_ATTEMPTS = 3

export interface SchedulerSettings {
  readonly driftPpm: number
  readonly concurrency: number
  readonly lookAheadTasks: number
}

export type SchedulerEvent = { readonly atMs: number } & (
  | {
      readonly do: 'schedule'
      readonly queue: QueueName
      readonly key: string | undefined
      readonly tenant: string | undefined
      readonly priority: number
      readonly unique: string | undefined
      readonly delayMs: number
      /** Attempts that fail before one succeeds. */
      readonly fails: number
      readonly runMs: number
    }
  | { readonly do: 'cancel'; readonly pick: number }
  | { readonly do: 'reschedule'; readonly pick: number; readonly delayMs: number }
  | { readonly do: 'edit'; readonly pick: number; readonly priority: number }
  | { readonly do: 'restart' }
  | { readonly do: 'kill' | 'power-cut'; readonly downMs: number }
  | { readonly do: 'step'; readonly ms: number }
)

export const SPAN_MS = 15_000

export function drawPlan(dice: Dice): Plan<SchedulerSettings, SchedulerEvent> {
  return {
    settings: {
      driftPpm: dice.int(-300, 300),
      concurrency: dice.pick([1, 3, 50]),
      lookAheadTasks: dice.pick([2, 8, 10_000]),
    },
    events: drawEvents(dice, dice.int(30, 120), SPAN_MS, (atMs) => drawEvent(dice, atMs)),
  }
}

function drawEvent(dice: Dice, atMs: number): SchedulerEvent {
  const kind = dice.weighted({
    schedule: 40,
    cancel: 8,
    reschedule: 8,
    edit: 6,
    restart: 1,
    kill: 1.5,
    'power-cut': 2,
    step: 1.5,
  })
  switch (kind) {
    case 'schedule': {
      const unique = dice.chance(0.2) ? dice.pick(['x', 'y']) : undefined
      return {
        atMs,
        do: kind,
        queue: dice.pick(QUEUES),
        key: unique === undefined ? dice.pick([undefined, 'k', 'l']) : undefined,
        unique,
        // some come once, and leave nothing behind
        tenant: dice.pick([undefined, undefined, 'a', `t${dice.int(0, 9)}`]),
        priority: dice.pick([0, 0, 0, 4, 9]),
        delayMs: dice.pick([-1_000, 0, 0, 20, 500, 4_000, 90_000]),
        fails: dice.pick([0, 0, 0, 1, 2, MAX_ATTEMPTS]),
        runMs: dice.pick([0, 0, 5, 200, 2_000]),
      }
    }
    case 'cancel':
      return { atMs, do: kind, pick: dice.int(0, 999) }
    case 'reschedule':
      return { atMs, do: kind, pick: dice.int(0, 999), delayMs: dice.pick([0, 300, 5_000]) }
    case 'edit':
      return { atMs, do: kind, pick: dice.int(0, 999), priority: dice.pick([0, 4, 9]) }
    case 'restart':
      return { atMs, do: kind }
    case 'step':
      return { atMs, do: kind, ms: dice.pick([-3_600_000, -700, 700, 3_600_000]) }
    default:
      return { atMs, do: kind, downMs: dice.int(0, 3_000) }
  }
}
