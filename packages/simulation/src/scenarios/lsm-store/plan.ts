import type { SyncMode } from '@ashlar/lsm-store'
import type { Fault } from '@ashlar/lsm-store/testing'
import { drawEvents, type Plan } from '../../scenario/scenario.ts'
import type { Dice } from '../../world/dice.ts'
import { drawKey, drawOp, SPACES, type StoreOp } from './store-ops.ts'

export interface Settings {
  readonly sync: SyncMode
  readonly memtableBytes: number
  readonly tableBytes: number
  readonly levelBytes: number
  readonly blockCacheBytes: number
  readonly changeRetentionBytes: number
  /** Of the keyspace beside the store's own keys. */
  readonly sidePolicy: 'leveled' | 'size-tiered'
  /** From which size on values are in value files; 0 for none. */
  readonly largeValueBytes: number
}

export type Event = { readonly atMs: number } & (
  | { readonly do: 'write'; readonly operations: readonly StoreOp[]; readonly always: boolean }
  | {
      readonly do: 'put-if'
      readonly key: string
      readonly value: string
      /** If it still has its version, or an older one, or holds nothing. */
      readonly by: 'version' | 'old-version' | 'absence'
    }
  | {
      readonly do: 'ingest'
      readonly space: string
      readonly keys: readonly string[]
      readonly value: string
      readonly always: boolean
    }
  | { readonly do: 'transaction'; readonly keys: readonly string[]; readonly thinkMs: number }
  | { readonly do: 'compare' | 'sync' | 'flush' | 'compact' | 'changes' | 'reopen' }
  | { readonly do: 'kill' | 'power-cut'; readonly downMs: number }
  | { readonly do: 'disk-fault'; readonly fault: Fault; readonly share: number }
  | { readonly do: 'disk-heals' }
)

export const SPAN_MS = 6_000
export const SYNC_INTERVAL_MS = 200
/** What a sync may take beyond its interval: the disk is slow, and one may be under way. */
export const SYNC_SLACK_MS = 300

export function drawPlan(dice: Dice): Plan<Settings, Event> {
  const settings = drawSettings(dice)
  const events = drawEvents(dice, dice.int(30, 160), SPAN_MS, (atMs) => drawEvent(dice, atMs))
  // Drawn last, so that a seed has the history that it had.
  return { settings: { ...settings, largeValueBytes: dice.pick([0, 32]) }, events }
}

function drawSettings(dice: Dice): Omit<Settings, 'largeValueBytes'> {
  return {
    sync: dice.pick(['always', 'interval', 'none']),
    memtableBytes: dice.pick([1024, 2048, 8192]),
    tableBytes: dice.pick([1024, 4096]),
    levelBytes: dice.pick([2048, 16_384]),
    blockCacheBytes: dice.pick([0, 1 << 20]),
    changeRetentionBytes: dice.pick([0, 4096, 1 << 20]),
    sidePolicy: dice.pick(['leveled', 'size-tiered']),
  }
}

function drawEvent(dice: Dice, atMs: number): Event {
  const kind = dice.weighted({
    write: 40,
    'put-if': 6,
    transaction: 6,
    ingest: 3,
    compare: 6,
    sync: 3,
    flush: 3,
    compact: 2,
    changes: 3,
    reopen: 1,
    kill: 1,
    'power-cut': 2,
    'disk-fault': 1,
    'disk-heals': 1,
  })
  if (kind === 'write') {
    const operations = Array.from({ length: dice.int(1, 6) }, () => drawOp(dice))
    return { atMs, do: kind, operations, always: dice.chance(0.3) }
  }
  if (kind === 'put-if') {
    const [key, value] = [drawKey(dice, 'k'), dice.pick(['x', 'y'])]
    const by = dice.pick(['version', 'version', 'old-version', 'absence'] as const)
    return { atMs, do: kind, key, value, by }
  }
  if (kind === 'ingest') {
    const space = dice.pick<(typeof SPACES)[number]>(SPACES)
    const keys = Array.from({ length: dice.int(1, 30) }, () => drawKey(dice, 'k'))
    const value = dice.pick(['i', 'j']).repeat(dice.pick([10, 200]))
    return { atMs, do: kind, space, keys, value, always: dice.chance(0.3) }
  }
  if (kind === 'transaction') {
    const keys = Array.from({ length: dice.int(1, 3) }, () => drawKey(dice, 'k'))
    return { atMs, do: kind, keys, thinkMs: dice.pick([0, 20, 200]) }
  }
  if (kind === 'kill' || kind === 'power-cut') return { atMs, do: kind, downMs: dice.int(0, 200) }
  if (kind === 'disk-fault') {
    const fault = dice.pick(['EIO', 'ENOSPC', 'short'] as const)
    return { atMs, do: kind, fault, share: dice.pick([0.1, 1]) }
  }
  return { atMs, do: kind }
}
