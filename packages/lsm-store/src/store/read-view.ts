import type { Cursor } from '../iterator/cursor.ts'
import type { KeyBounds } from '../iterator/range.ts'
import { runCursor, type Version } from '../manifest/version.ts'
import { MemtableCursor } from '../memtable/memtable-cursor.ts'
import type { RangeDeletes } from '../range-delete/range-deletes.ts'
import type { TableMeta } from '../sstable/table-meta.ts'
import type { LogSegment } from '../wal/log-segment.ts'

const NONE: readonly RangeDeletes[] = []

/** The memtables and tables of one moment, held for an iterator. */
export class ReadView {
  #segments: readonly LogSegment[]
  readonly version: Version
  released = false
  /** It is released when its iterator is forgotten. */
  watched = false
  readonly #onRelease: (view: ReadView) => void

  constructor(
    segments: readonly LogSegment[],
    version: Version,
    onRelease: (view: ReadView) => void,
  ) {
    this.#segments = segments
    this.version = version
    this.#onRelease = onRelease
    version.retain()
    for (const segment of segments) segment.retain()
  }

  get segments(): readonly LogSegment[] {
    return this.#segments
  }

  /** Range deletes among them; those without any are left out. */
  ranges(): readonly RangeDeletes[] {
    let some: readonly RangeDeletes[] = NONE
    for (const { memtable } of this.#segments) {
      if (memtable.ranges.size > 0) some = [...some, memtable.ranges]
    }
    return this.version.ranges.size > 0 ? [...some, this.version.ranges] : some
  }

  /** Cursors for what can be seen at `sequence`: tables that are deleted as a whole are left out. */
  cursors(bounds: KeyBounds, sequence: number): Cursor[] {
    const cursors: Cursor[] = []
    const ranges = this.ranges()
    const isErased = ({ smallest, largest, maxSequence }: TableMeta): boolean =>
      ranges.some((set) => set.coverAll(smallest, largest, maxSequence, sequence))
    const skips = ranges.length === 0 ? undefined : isErased
    for (const { memtable, order, ingested } of this.#segments) {
      if (memtable.count === 0) continue
      for (const run of order.runs(bounds)) cursors.push(new MemtableCursor(memtable, run))
      const cursor = runCursor(ingested, bounds.from, bounds.to, skips)
      if (cursor !== undefined) cursors.push(cursor)
    }
    cursors.push(...this.version.cursors(bounds.from, bounds.to, skips))
    return cursors
  }

  release(): void {
    if (this.released) return
    this.released = true
    for (const segment of this.#segments) segment.release()
    this.#segments = []
    this.version.release()
    this.#onRelease(this)
  }
}

/** So many iterators of one turn wait to be watched. */
const MOST_FRESH = 256

/**
 * Lets go of views whose iterators were forgotten without a close. Most iterators are closed in the
 * turn that made them, and watching one costs as much as reading from it: only those that are still
 * open when the turn ends are watched.
 */
class ForgottenViews {
  readonly #registry: FinalizationRegistry<ReadView> = new FinalizationRegistry((view) =>
    view.release(),
  )
  #fresh: { readonly iterator: object; readonly view: ReadView }[] = []
  #scheduled = false

  watch(iterator: object, view: ReadView): void {
    this.#fresh.push({ iterator, view })
    if (this.#fresh.length >= MOST_FRESH) this.#register()
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#register()
    })
  }

  #register(): void {
    const fresh = this.#fresh
    this.#fresh = []
    for (const { iterator, view } of fresh) {
      if (view.released) continue
      view.watched = true
      this.#registry.register(iterator, view, view)
    }
  }

  unwatch(view: ReadView): void {
    if (view.watched) this.#registry.unregister(view)
  }
}

export const forgottenViews: ForgottenViews = new ForgottenViews()
