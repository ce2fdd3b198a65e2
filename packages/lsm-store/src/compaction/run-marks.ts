import type { TableMeta } from '../sstable/table-meta.ts'
import type { CompactionPlan } from './picker.ts'

/** Tables of one flush, as one run. */
export function asFlushed(tables: readonly TableMeta[], writtenAt: number): readonly TableMeta[] {
  const [first] = tables
  const run = first === undefined || tables.length === 1 ? {} : { run: first.number }
  return tables.map((meta) => ({ ...meta, ...run, writtenAt }))
}

/** What a compaction wrote to level 0: a run, or what belongs to the one that its input belonged to. */
export function asRun(plan: CompactionPlan, tables: readonly TableMeta[]): readonly TableMeta[] {
  const [first] = tables
  if (plan.outputLevel > 0 || first === undefined) return tables
  const inputs = plan.runs.flat().map(({ meta }) => meta)
  const times = inputs.map(({ writtenAt }) => writtenAt).filter((at) => at !== undefined)
  const known = times.length < inputs.length ? {} : { writtenAt: Math.max(...times) }
  const before = plan.runs.length === 1 ? inputs[0]?.run : undefined
  const run = before ?? (tables.length === 1 ? undefined : first.number)
  return tables.map((meta) => ({ ...meta, ...(run === undefined ? {} : { run }), ...known }))
}
