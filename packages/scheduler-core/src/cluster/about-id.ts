import { parseId } from '../task/id.ts'
import type { Member } from './member.ts'
import { partitionOfSequence } from './names.ts'
import type { OperationName, ResultOf } from './operations.ts'

/**
 * Asks about a task by its id, which names the partition where it was made. When it is not there, one
 * that was split off from that may have it: those come later in the order of numbers, and a task only
 * moves to a later one, so asking in that order finds it, however the partitions grow meanwhile.
 */
export async function aboutId<N extends OperationName>(
  { caller, topology }: Member,
  id: string,
  operation: N,
  args: readonly unknown[],
): Promise<ResultOf<N>> {
  const place = parseId(id)
  const named = place === undefined ? 0 : partitionOfSequence(place.seq)
  if (!topology.has(named)) await topology.refresh() // another member may know of it already
  // An id of elsewhere is unknown everywhere.
  const home = topology.has(named) ? named : 0
  let answer = await caller.call(home, operation, [id, ...args])
  for (let asked = home; isUnknown(answer); ) {
    const heir = topology.heirAfter(home, asked)
    if (heir === undefined) break
    answer = await caller.call(heir, operation, [id, ...args])
    asked = heir
  }
  return answer
}

/** What each operation on a task answers that knows of no such task. */
function isUnknown(answer: unknown): boolean {
  if (typeof answer === 'object' && answer !== null && 'state' in answer) {
    return answer.state === 'unknown'
  }
  return answer === undefined || answer === 'unknown' || answer === false || answer === 0
}
