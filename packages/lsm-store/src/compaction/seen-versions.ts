import type { MemtableImage } from '../memtable/memtable.ts'
import { KIND_MERGE } from '../memtable/record.ts'
import type { VersionRule } from '../memtable/record-sort.ts'
import { stripeOf } from './version-filter.ts'

/**
 * Leaves out versions of a memtable before they are written, none that {@link VersionFilter} would keep: behind a
 * version that the same readers see older ones are of no use, unless it is an operand.
 */
export class SeenVersions implements VersionRule {
  readonly #image: MemtableImage
  /** Those that do not see all or nothing of the memtable. */
  readonly #snapshots: readonly number[]

  constructor(image: MemtableImage, snapshots: readonly number[]) {
    const { firstSequence, count } = image
    this.#image = image
    this.#snapshots = snapshots.filter(
      (sequence) => sequence >= firstSequence && sequence < firstSequence + count,
    )
  }

  keep(ids: Int32Array, from: number, to: number, kinds: number): number {
    if (this.#snapshots.length === 0 && (kinds & (1 << KIND_MERGE)) === 0) return 1
    const { arena, addresses, firstSequence } = this.#image
    const snapshots = this.#snapshots
    let kept = from
    let stripe = -1
    let isOpen = true
    for (let i = from; i < to; i++) {
      const id = ids[i] as number
      const own = snapshots.length === 0 ? 0 : stripeOf(snapshots, firstSequence + id)
      if (own === stripe && !isOpen) {
        if (own === 0) break
        continue
      }
      stripe = own
      isOpen = arena[addresses[id] as number] === KIND_MERGE
      ids[kept++] = id
    }
    return kept - from
  }
}
