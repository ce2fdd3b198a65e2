import type { ChangeOperation, Keyspace, Operation } from '@ashlar/lsm-store'
import type { Dice } from '../../world/dice.ts'

/** The keyspaces of the store under test: its own keys, and one more that merges. */
export const SPACES = ['', 'side'] as const
/** How the other one merges. */
export const MERGE = 'append'

/** One change of a store. */
export type StoreOp =
  | {
      readonly type: 'put'
      readonly space: string
      readonly key: string
      readonly value: string
      /** The entry ends so long after the write. */
      readonly ttlMs?: number
      /** Wall clock of that, once it is written. */
      readonly expiresAt?: number
    }
  | { readonly type: 'delete'; readonly space: string; readonly key: string }
  | { readonly type: 'merge'; readonly space: string; readonly key: string; readonly value: string }
  /** All keys from `key` on, before `to`. */
  | {
      readonly type: 'deleteRange'
      readonly space: string
      readonly key: string
      readonly to: string
    }
  /** Sorted keys that come past the log; `key` is the first, `to` the last. */
  | {
      readonly type: 'ingest'
      readonly space: string
      readonly key: string
      readonly to: string
      readonly keys: readonly string[]
      readonly value: string
    }

/**
 * Keys are of three kinds, by their first letter: plain ones, those that end, and those that are
 * merged into. A keyspace that merges has no entries that end.
 */
const KINDS = { '': ['k', 'k', 't'], side: ['k', 'm', 'm'] } as const
const KEYS = 40

export function drawKey(dice: Dice, kind: string): string {
  return `${kind}${String(dice.int(0, KEYS)).padStart(3, '0')}`
}

export function drawOp(dice: Dice): StoreOp {
  const space = dice.pick<(typeof SPACES)[number]>(['', '', 'side'])
  const kind = dice.pick<string>(KINDS[space])
  const key = drawKey(dice, kind)
  if (dice.chance(0.04)) {
    const [from, to] = [key, drawKey(dice, dice.pick<string>(KINDS[space]))].toSorted()
    if (from !== to) return { type: 'deleteRange', space, key: from ?? key, to: to ?? key }
  }
  if (dice.chance(0.2)) return { type: 'delete', space, key }
  if (kind === 'm' && dice.chance(0.7)) {
    return { type: 'merge', space, key, value: dice.pick(['a', 'b', 'c']) }
  }
  const value = dice.pick(['v', 'w']).repeat(dice.chance(0.1) ? dice.int(500, 3_000) : 20)
  const put = { type: 'put', space, key, value } as const
  return kind === 't' ? { ...put, ttlMs: dice.pick([300, 1_500, 100_000]) } : put
}

/** As the store takes it. */
export function toOperation(op: StoreOp, side: Keyspace): Operation {
  const target = op.space === '' ? {} : { keyspace: side }
  switch (op.type) {
    case 'put': {
      const { key, value, ttlMs } = op
      return { type: 'put', key, value, ...target, ...(ttlMs === undefined ? {} : { ttlMs }) }
    }
    case 'merge':
      return { type: 'merge', key: op.key, value: op.value, ...target }
    case 'delete':
      return { type: 'delete', key: op.key, ...target }
    case 'deleteRange':
      return { type: 'deleteRange', gte: op.key, lt: op.to, ...target }
    default:
      throw new TypeError('an ingest is no operation of a batch')
  }
}

/** As text, the same for what was written and what the change feed tells of it. */
export function describeOp(op: StoreOp): string {
  const end = op.type === 'put' ? `${op.value}@${op.expiresAt ?? ''}` : ''
  if (op.type === 'ingest') return `ingest ${op.space}/${op.key} ${op.to} ${op.keys.length}`
  const rest = op.type === 'merge' ? op.value : op.type === 'deleteRange' ? op.to : end
  return `${op.type} ${op.space}/${op.key} ${rest}`
}

/** What the change feed tells. */
export function fromChange(change: ChangeOperation): StoreOp {
  const space = change.keyspace ?? ''
  const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString()
  if (change.type === 'deleteRange') {
    return { type: 'deleteRange', space, key: text(change.gte), to: text(change.lt) }
  }
  if (change.type === 'ingest') {
    const [key, to] = [text(change.gte), text(change.lte)]
    // of its entries the feed knows no more than how many there are
    return { type: 'ingest', space, key, to, keys: Array(change.entries).fill(key), value: '' }
  }
  const key = text(change.key)
  if (change.type === 'delete') return { type: 'delete', space, key }
  const value = text(change.value)
  if (change.type === 'merge') return { type: 'merge', space, key, value }
  const { expiresAt } = change
  return { type: 'put', space, key, value, ...(expiresAt === undefined ? {} : { expiresAt }) }
}
