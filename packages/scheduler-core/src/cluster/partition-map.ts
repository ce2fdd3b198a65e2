/**
 * How many partitions there are, and which of them a hash falls into: linear hashing. One more
 * partition takes half of one other, its parent, and nothing else moves. With `m` the greatest of
 * `base`, `2 base`, `4 base` ... that is not above `partitions`, those below `partitions - m` have been
 * split at this level, and the one at `partitions - m` is the next.
 */
export interface PartitionMap {
  /** Partitions of the namespace when it was made. */
  readonly base: number
  readonly partitions: number
}

/** The step that makes one partition more. */
export interface Split {
  readonly parent: number
  readonly child: number
  /** That of both, when it is done. */
  readonly modulus: number
}

/** A partition, and the modulus of what it holds in the eyes of whoever asks it. */
export interface Place {
  readonly partition: number
  readonly modulus: number
}

/** Where that is when the partition was split since. */
export function halvesOf({ partition, modulus }: Place): Place[] {
  return [partition, partition + modulus].map((half) => ({ partition: half, modulus: 2 * modulus }))
}

export function partitionOf(map: PartitionMap, hash: number): number {
  const level = levelOf(map)
  const place = hash % (2 * level)
  return place < map.partitions ? place : place - level
}

/**
 * A partition holds the hashes that leave its number when they are divided by this. It doubles when
 * the partition is split, so two that agree on it agree on what the partition holds.
 */
export function modulusOf(map: PartitionMap, partition: number): number {
  const level = levelOf(map)
  return partition >= level || partition < map.partitions - level ? 2 * level : level
}

/** The partition of which one took half; undefined for those that were there from the beginning. */
export function parentOf(map: PartitionMap, partition: number): number | undefined {
  if (partition < map.base) return undefined
  return partition - levelOf({ base: map.base, partitions: partition })
}

/** Whether a task that was once in a partition may be in another by now. */
export function descendsFrom(map: PartitionMap, partition: number, ancestor: number): boolean {
  let at: number | undefined = partition
  while (at !== undefined && at > ancestor) at = parentOf(map, at)
  return at === ancestor
}

/** What makes one partition more. */
export function nextSplit(map: PartitionMap): Split {
  const level = levelOf(map)
  const parent = map.partitions - level
  return { parent, child: map.partitions, modulus: 2 * level }
}

function levelOf({ base, partitions }: PartitionMap): number {
  let level = base
  while (2 * level <= partitions) level *= 2
  return level
}
