import type { Front } from '../partition/front.ts'
import type { Partition } from '../partition/partition.ts'
import type { BucketTable } from '../storage/bucket-table.ts'
import type { Journal } from '../storage/journal.ts'
import type { Queue } from '../storage/queue.ts'
import type { QueueDirectory } from '../storage/queue-directory.ts'
import type { Prepared } from './prepared.ts'

export interface ReclaimerParts {
  readonly journal: Journal
  readonly directory: QueueDirectory
  readonly buckets: BucketTable
  readonly prepared: Prepared
  readonly partitions: Map<Queue, Partition>
  readonly frontOf: (queue: Queue) => Front
  /** Looks again later. */
  readonly soon: () => void
}

/**
 * Forgets streams that hold nothing: a tenant that comes once takes no room for ever. The base of a
 * queue stays, and so does a stream while anything remembers it: a stored task, result or paused
 * key, an unwritten batch, an id of a task that has moved on, a rate that was used.
 */
export class Reclaimer {
  readonly #parts: ReclaimerParts

  constructor(parts: ReclaimerParts) {
    this.#parts = parts
  }

  /** Those that nobody has used since the last round: one that is in use now and then stays. */
  round(): void {
    const idle: Queue[] = []
    let open = false
    for (const stream of this.#parts.directory.all()) {
      if (stream === stream.group.base) continue
      if (stream.used || stream.planned) open ||= stream.empty
      else if (stream.empty) idle.push(stream)
      stream.used = false
      stream.planned = false
    }
    const freed = this.#free(idle)
    // What stays has a rate to be remembered, mostly: it is looked at again.
    if (open || freed < idle.length) this.#parts.soon()
  }

  /** All that can be forgotten at once, because there are as many streams as there may be. */
  now(): void {
    const empty = Array.from(this.#parts.directory.all()).filter(
      (stream) => stream !== stream.group.base && stream.empty && !stream.planned,
    )
    if (this.#free(empty) === 0) this.#parts.soon()
  }

  #free(streams: readonly Queue[]): number {
    if (streams.length === 0) return 0
    const { journal, directory, buckets, prepared, partitions, frontOf } = this.#parts
    const promised = prepared.streams()
    // Counts that changed go with what has gathered: they must not come after the end.
    journal.barrier()
    let freed = 0
    for (const stream of streams) {
      const front = frontOf(stream)
      const partition = partitions.get(stream)
      if (promised.has(stream)) continue
      if (partition !== undefined) {
        if (partition.residents > 0 || !front.isAtRest(partition)) continue
        partition.stop()
        front.remove(partition)
        partitions.delete(stream)
      }
      const batch = journal.begin()
      directory.forget(batch, stream)
      buckets.erase(batch, stream)
      freed += 1
    }
    // The next stream with one of these numbers must not find what this one has left.
    journal.barrier()
    return freed
  }
}
