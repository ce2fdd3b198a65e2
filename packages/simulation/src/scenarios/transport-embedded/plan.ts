import type { SyncMode } from '@ashlar/lsm-store'
import type { Fault } from '@ashlar/lsm-store/testing'
import { drawEvents, type Plan } from '../../scenario/scenario.ts'
import type { Dice } from '../../world/dice.ts'

export const SYNC_INTERVAL_MS = 200
export const SPAN_MS = 6_000
/** Subjects of the log, the last of which is purged now and then. */
export const SUBJECTS = ['work.a', 'work.b', 'work.c'] as const
/** Keys of the bucket, each of which is only ever counted up. */
export const KEYS = ['k0', 'k1', 'k2'] as const

export interface EmbeddedSettings {
  readonly sync: SyncMode
}

/** What happens to the process, its disk, and what its connections do. */
export type EmbeddedEvent = { readonly atMs: number } & (
  | {
      readonly do: 'append'
      readonly subject: string
      /** So many in one turn. */
      readonly count: number
      readonly bytes: number
      readonly withIds: boolean
    }
  | { readonly do: 'put'; readonly key: string }
  | { readonly do: 'purge'; readonly what: 'subject' | 'half' }
  | { readonly do: 'compare' | 'lease' | 'restart' | 'disk-heals' }
  | { readonly do: 'kill' | 'power-cut'; readonly downMs: number }
  | { readonly do: 'disk-fault'; readonly fault: Fault }
)

export function drawPlan(dice: Dice): Plan<EmbeddedSettings, EmbeddedEvent> {
  const settings: EmbeddedSettings = { sync: dice.pick(['always', 'always', 'interval', 'none']) }
  const events = drawEvents(dice, dice.int(30, 120), SPAN_MS, (atMs) => drawEvent(dice, atMs))
  return { settings, events: events.flatMap((event) => withSomethingUnderWay(dice, event)) }
}

/** A crash is most telling while something is being written. */
function withSomethingUnderWay(dice: Dice, event: EmbeddedEvent): EmbeddedEvent[] {
  if (event.do !== 'kill' && event.do !== 'power-cut') return [event]
  const append = drawAppend(dice, event.atMs)
  return [append, { ...event, atMs: event.atMs + dice.int(0, 3) }]
}

function drawEvent(dice: Dice, atMs: number): EmbeddedEvent {
  const kind = dice.weighted({
    append: 30,
    put: 12,
    purge: 3,
    compare: 6,
    lease: 4,
    restart: 1,
    kill: 2,
    'power-cut': 3,
    'disk-fault': 1,
    'disk-heals': 1,
  })
  switch (kind) {
    case 'append':
      return drawAppend(dice, atMs)
    case 'put':
      return { atMs, do: kind, key: dice.pick(KEYS) }
    case 'purge':
      return { atMs, do: kind, what: dice.pick(['subject', 'half'] as const) }
    case 'kill':
    case 'power-cut':
      return { atMs, do: kind, downMs: dice.int(0, 300) }
    case 'disk-fault':
      return { atMs, do: kind, fault: dice.pick(['EIO', 'ENOSPC', 'short'] as const) }
    default:
      return { atMs, do: kind }
  }
}

function drawAppend(dice: Dice, atMs: number): EmbeddedEvent {
  const count = dice.pick([1, 1, 2, 7, 40])
  const bytes = dice.chance(0.1) ? dice.int(500, 9_000) : 12
  const subject = dice.pick(SUBJECTS)
  return { atMs, do: 'append', subject, count, bytes, withIds: dice.chance(0.5) }
}
