import type { AbstractSnapshot } from 'abstract-level'
import type { KeyRange, RangeOptions } from '../iterator/range.ts'
import type { ReadOptions } from '../store/snapshot.ts'
import type { LevelData } from './format.ts'
import { snapshotOf } from './level-snapshot.ts'

/** What abstract-level hands to private methods that read a range: encoded, checked, with formats. */
export interface LevelRange {
  readonly gt?: LevelData
  readonly gte?: LevelData
  readonly lt?: LevelData
  readonly lte?: LevelData
  readonly reverse?: boolean
  /** -1 is no limit. */
  readonly limit?: number
  readonly keys?: boolean
  readonly values?: boolean
  readonly keyEncoding?: unknown
  readonly valueEncoding?: unknown
  readonly snapshot?: AbstractSnapshot | null | undefined
  readonly signal?: AbortSignal | null | undefined
  readonly highWaterMarkBytes?: number | undefined
}

/** What abstract-level hands to private methods that read keys. */
export interface LevelRead {
  readonly keyEncoding?: unknown
  readonly valueEncoding?: unknown
  readonly snapshot?: AbstractSnapshot | null | undefined
}

/** The range as the store takes it. */
export function storeRange(range: LevelRange, keysOnly: boolean): RangeOptions {
  const { gt, gte, lt, lte, reverse, limit, snapshot } = range
  // abstract-level lets the inclusive bound win; the store would take the stricter one.
  return {
    ...(gt === undefined || gte !== undefined ? {} : { gt }),
    ...(gte === undefined ? {} : { gte }),
    ...(lt === undefined || lte !== undefined ? {} : { lt }),
    ...(lte === undefined ? {} : { lte }),
    ...(limit === undefined || limit < 0 ? {} : { limit }),
    ...storeRead(snapshot),
    reverse: reverse ?? false,
    keysOnly,
  }
}

/** Only where the range starts and ends. */
export function boundsOf({ gt, gte, lt, lte }: RangeOptions): KeyRange {
  return {
    ...(gt === undefined ? {} : { gt }),
    ...(gte === undefined ? {} : { gte }),
    ...(lt === undefined ? {} : { lt }),
    ...(lte === undefined ? {} : { lte }),
  }
}

const LATEST: ReadOptions = {}

/** Where to read: a snapshot's moment, or now. */
export function storeRead(snapshot: AbstractSnapshot | null | undefined): ReadOptions {
  return snapshot === undefined || snapshot === null ? LATEST : { snapshot: snapshotOf(snapshot) }
}
