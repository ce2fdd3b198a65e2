import type { Limit } from './limit.ts'
import type { Partition } from './partition.ts'
import { Turns } from './turns.ts'

/** What one tenant has in a queue: a partition per priority, of which one serves all with a key. */
export class Share {
  /** Starts in a row when its turn has come. */
  readonly weight: number
  readonly limit: Limit
  /** It stands in the ring of its queue. */
  listed = false
  readonly #partitions: Partition[] = []
  readonly #turns = new Turns()
  #starts = 0

  constructor(weight: number, limit: Limit) {
    this.weight = weight
    this.limit = limit
  }

  add(partition: Partition): void {
    this.#partitions.push(partition)
  }

  /** Whether it has others left. */
  remove(partition: Partition): boolean {
    const index = this.#partitions.indexOf(partition)
    if (index >= 0) this.#partitions.splice(index, 1)
    return this.#partitions.length > 0
  }

  get hasReady(): boolean {
    if (!this.limit.hasRoom) return false
    for (const partition of this.#partitions) if (partition.hasReady) return true
    return false
  }

  /** The partition to take from. */
  choose(): Partition | undefined {
    if (this.#partitions.length === 1) return this.#partitions[0]
    const ready = this.#partitions.filter((partition) => partition.hasReady)
    if (ready.length <= 1) return ready[0]
    const tops = new Map<number, Partition[]>()
    let top = -1
    for (const partition of ready) {
      const { topPriority } = partition
      const equals = tops.get(topPriority)
      if (equals === undefined) tops.set(topPriority, [partition])
      else equals.push(partition)
      top = Math.max(top, topPriority)
    }
    const equals = tops.get(this.#turns.next(top, (priority) => tops.has(priority))) ?? []
    this.#starts += 1
    return equals[this.#starts % equals.length]
  }
}
