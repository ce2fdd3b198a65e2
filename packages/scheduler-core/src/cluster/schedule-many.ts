import type { ScheduleResult } from '../scheduler/bookings.ts'
import type { TaskSpec } from '../task/spec.ts'
import { isTooLarge } from './caller.ts'
import type { Member } from './member.ts'
import { hashOfTask } from './routes.ts'

/** Tasks in one request to the owner of a partition. */
const BULK = 1_000

interface Group {
  readonly specs: TaskSpec[]
  /** Where they stand in the call. */
  readonly indexes: number[]
}

/** Stores tasks where they belong; those without any key together, anywhere. */
export async function scheduleMany(
  member: Member,
  specs: readonly TaskSpec[],
): Promise<ScheduleResult[]> {
  const results = new Array<ScheduleResult>(specs.length)
  await Promise.all(
    Array.from(groupsOf(member, specs), async ([partition, group]) => {
      for (let at = 0; at < group.specs.length; at += BULK) {
        const some = group.specs.slice(at, at + BULK)
        const stored = await storeSome(member, partition, some)
        for (const [n, result] of stored.entries()) results[group.indexes[at + n] ?? 0] = result
      }
    }),
  )
  return results
}

/** In as many requests as it takes: a message has a limit. */
async function storeSome(
  member: Member,
  partition: number,
  specs: readonly TaskSpec[],
): Promise<ScheduleResult[]> {
  try {
    return await member.caller.call(partition, 'scheduleMany', [specs])
  } catch (error) {
    if (specs.length < 2 || !isTooLarge(error)) throw error
  }
  const half = specs.length >> 1
  const first = await storeSome(member, partition, specs.slice(0, half))
  return [...first, ...(await storeSome(member, partition, specs.slice(half)))]
}

function groupsOf({ options, topology }: Member, specs: readonly TaskSpec[]): Map<number, Group> {
  const anywhere = hashOfTask({}, options.random)
  const groups = new Map<number, Group>()
  for (const [index, spec] of specs.entries()) {
    const free = spec.key === undefined && spec.uniqueKey === undefined
    const partition = topology.partitionOf(free ? anywhere : hashOfTask(spec, options.random))
    const group = groups.get(partition) ?? { specs: [], indexes: [] }
    groups.set(partition, group)
    group.specs.push(spec)
    group.indexes.push(index)
  }
  return groups
}
