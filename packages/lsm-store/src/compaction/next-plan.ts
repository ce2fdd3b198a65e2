import type { Version } from '../manifest/version.ts'
import type { ValueUsage } from '../value-files/value-usage.ts'
import { planCollection } from './collect-values.ts'
import type { CompactionPicker, CompactionPlan } from './picker.ts'
import { planRewrite } from './range-cleanup.ts'

/** @see nextPlan */
export interface PlanOptions {
  readonly picker: CompactionPicker
  readonly version: Version
  readonly usage: ValueUsage
  readonly snapshots: readonly number[]
  readonly tableBytes: number
}

/**
 * What to compact next: what reads and writers wait for, then what range deletes cover, then what takes space in value
 * files; the last goes first when most of these is garbage, so that it has its turn under load that never ends.
 */
export function nextPlan(options: PlanOptions): CompactionPlan | undefined {
  const { picker, version, usage, snapshots, tableBytes } = options
  const collect = (): CompactionPlan | undefined => planCollection(version, usage, tableBytes)
  const urgent = usage.isMostlyGarbage ? collect() : undefined
  const plan = urgent ?? picker.pick(version)
  const ranged = version.ranges.size > 0
  return plan ?? (ranged ? planRewrite(version, snapshots) : undefined) ?? collect()
}
