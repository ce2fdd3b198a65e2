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

  constructor(weight: number, limit: Limit) {
    this.weight = weight
    this.limit = limit
  }

  add(partition: Partition): void {
    this.#partitions.push(partition)
  }

  get hasReady(): boolean {
    return this.limit.hasRoom && this.#partitions.some((partition) => partition.hasReady)
  }

  /** The partition to take from. */
  choose(): Partition | undefined {
    const [only] = this.#partitions
    if (this.#partitions.length === 1) return only?.hasReady === true ? only : undefined
    const tops = new Map<number, Partition>()
    let top = -1
    for (const partition of this.#partitions) {
      if (!partition.hasReady) continue
      tops.set(partition.topPriority, partition)
      top = Math.max(top, partition.topPriority)
    }
    if (tops.size <= 1) return tops.get(top)
    return tops.get(this.#turns.next(top, (priority) => tops.has(priority)))
  }
}
