import type { Version } from '../manifest/version.ts'
import { type FifoMoment, outdatedAt, pickOutdated } from './fifo.ts'
import { levelZeroRuns, type Run } from './level-zero.ts'
import {
  type CompactionPicker,
  type CompactionPlan,
  type LeveledOptions,
  leveledPicker,
} from './picker.ts'
import { DEFAULT_RUNS, type OwnPolicy } from './policy.ts'
import { MOST_RUNS, pickLikeSized, pickSmall } from './size-tiered.ts'

/** Keyspaces that have a policy of their own, by number. */
export type OwnPolicies = ReadonlyMap<number, OwnPolicy>

/** @see policyPicker */
export interface PolicyOptions extends LeveledOptions {
  readonly tableBytes: number
  readonly policies: () => OwnPolicies
  readonly moment: () => FifoMoment
}

/** Decides by the policy of each keyspace; levels are for what has none of its own. */
export function policyPicker(options: PolicyOptions): CompactionPicker {
  const leveled = leveledPicker(options, () => new Set(options.policies().keys()))
  /** Levels and keyspaces take turns. */
  let turn = 0
  return {
    pick(version) {
      const policies = options.policies()
      if (policies.size === 0) return leveled.pick(version)
      const own = new Set(policies.keys())
      const tries = [
        () => leveled.pick(version),
        ...[...policies].map(
          ([space, policy]) =>
            () =>
              pickOwn(levelZeroRuns(version, own, space), policy, options),
        ),
      ]
      for (let i = 0; i < tries.length; i++) {
        const plan = tries[(turn + i) % tries.length]?.()
        if (plan === undefined) continue
        turn = (turn + i + 1) % tries.length
        return plan
      }
      return undefined
    },
  }
}

function pickOwn(
  runs: readonly Run[],
  policy: OwnPolicy,
  { tableBytes, moment }: PolicyOptions,
): CompactionPlan | undefined {
  if (policy.kind === 'size-tiered') {
    return mergeWithin(pickLikeSized(runs, policy.runs ?? DEFAULT_RUNS))
  }
  const gone = pickOutdated(runs, policy, moment())
  if (gone.length > 0) return { fromLevel: 0, outputLevel: 0, runs: [gone], drop: true }
  return mergeWithin(pickSmall(runs, tableBytes))
}

/** Runs of level 0 that become one run of it. */
export function mergeWithin(runs: readonly Run[] | undefined): CompactionPlan | undefined {
  if (runs === undefined || runs.length === 0) return undefined
  return { fromLevel: 0, outputLevel: 0, runs, rewrite: true }
}

/** When tables will be old enough to drop; undefined for never. */
export function nextOutdated(version: Version, policies: OwnPolicies): number | undefined {
  let next: number | undefined
  const own = new Set(policies.keys())
  for (const [space, policy] of policies) {
    if (policy.kind !== 'fifo') continue
    const at = outdatedAt(levelZeroRuns(version, own, space), policy)
    if (at !== undefined && Number.isFinite(at)) next = Math.min(next ?? at, at)
  }
  return next
}

/** Runs that hold up reads: those of level 0, and those that a keyspace has beyond what it may have. */
export function backlogOf(version: Version, policies: OwnPolicies): number {
  if (policies.size === 0) return levelZeroRuns(version).length
  const own = new Set(policies.keys())
  let runs = levelZeroRuns(version, own).length
  for (const [space, policy] of policies) {
    if (policy.kind !== 'size-tiered') continue
    runs += Math.max(0, levelZeroRuns(version, own, space).length - 2 * MOST_RUNS)
  }
  return runs
}
