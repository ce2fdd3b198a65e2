import type { ScheduleResult } from '../scheduler/bookings.ts'
import type { TaskSpec } from '../task/spec.ts'
import { isTooLarge } from './caller.ts'
import type { Member } from './member.ts'
import type { Place } from './partition-map.ts'
import { hashOfTask } from './routes.ts'
import type { Topology } from './topology.ts'

/** Tasks in one request to the owner of a partition. */
const BULK = 1_000

interface Hashed {
  readonly spec: TaskSpec
  /** Where it stands in the call. */
  readonly index: number
  readonly hash: number
}

/** Stores tasks where they belong; those without any key together, anywhere. */
export async function scheduleMany(
  member: Member,
  specs: readonly TaskSpec[],
): Promise<ScheduleResult[]> {
  const results = new Array<ScheduleResult>(specs.length)
  const { random } = member.options
  const anywhere = hashOfTask({}, random)
  const hashed = specs.map((spec, index) => {
    const free = spec.key === undefined && spec.uniqueKey === undefined
    return { spec, index, hash: free ? anywhere : hashOfTask(spec, random) }
  })
  await storeAll(member, hashed, results)
  return results
}

/** What could not be stored because its partition was split meanwhile is distributed anew. */
async function storeAll(
  member: Member,
  tasks: readonly Hashed[],
  results: ScheduleResult[],
): Promise<void> {
  const { topology } = member
  await Promise.all(
    Array.from(groupsOf(topology, tasks), async ([partition, group]) => {
      const place = { partition, modulus: topology.modulusOf(partition) }
      for (let at = 0; at < group.length; at += BULK) {
        const some = group.slice(at, at + BULK)
        await storeSome(member, place, some, results)
      }
    }),
  )
}

/** In as many requests as it takes: a message has a limit. */
async function storeSome(
  member: Member,
  place: Place,
  tasks: readonly Hashed[],
  results: ScheduleResult[],
): Promise<void> {
  const specs = tasks.map(({ spec }) => spec)
  try {
    const answer = await member.caller.at(place, 'scheduleMany', [specs])
    if (answer === 'moved') return await storeAll(member, tasks, results)
    for (const [n, result] of answer.value.entries()) results[tasks[n]?.index ?? 0] = result
    return
  } catch (error) {
    if (tasks.length < 2 || !isTooLarge(error)) throw error
  }
  const half = tasks.length >> 1
  await storeSome(member, place, tasks.slice(0, half), results)
  await storeSome(member, place, tasks.slice(half), results)
}

function groupsOf(topology: Topology, tasks: readonly Hashed[]): Map<number, Hashed[]> {
  const groups = new Map<number, Hashed[]>()
  for (const task of tasks) {
    const partition = topology.partitionOf(task.hash)
    const group = groups.get(partition) ?? []
    groups.set(partition, group)
    group.push(task)
  }
  return groups
}
