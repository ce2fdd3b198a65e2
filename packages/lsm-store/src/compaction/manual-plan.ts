import type { Version } from '../manifest/version.ts'
import { overlaps } from '../sstable/table-meta.ts'
import { levelZeroRuns } from './level-zero.ts'
import { type CompactionPlan, planRange } from './picker.ts'
import { mergeWithin, type OwnPolicies } from './policy-picker.ts'

/**
 * What `compact()` merges of a keyspace with tables of its own, or of all others. What goes by age is better left
 * apart.
 */
export function planManual(
  version: Version,
  policies: OwnPolicies,
  space: number | undefined,
  from: Uint8Array | undefined,
  to: Uint8Array | undefined,
): CompactionPlan | undefined {
  const own = new Set(policies.keys())
  if (space === undefined) return planRange(version, from, to, own)
  if (policies.get(space)?.kind !== 'size-tiered') return undefined
  const runs = levelZeroRuns(version, own, space)
  const isMeant = runs.some((run) => run.some(({ meta }) => overlaps(meta, from, to)))
  return isMeant ? mergeWithin(runs) : undefined
}
