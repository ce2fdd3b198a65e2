import type { Space } from '../keyspace/space.ts'

/** Throws unless the keyspace knows how to merge. */
export function checkOperator(space: Space): void {
  if (space.operator !== undefined) return
  throw new TypeError(`keyspace ${space.name} has no merge operator: give it one when it is opened`)
}
