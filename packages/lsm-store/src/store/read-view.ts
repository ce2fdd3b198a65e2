import type { Cursor } from '../iterator/cursor.ts'
import type { KeyBounds } from '../iterator/range.ts'
import type { Version } from '../manifest/version.ts'
import { MemtableCursor } from '../memtable/memtable-cursor.ts'
import type { LogSegment } from '../wal/log-segment.ts'

/** The memtables and tables of one moment, held for an iterator. */
export class ReadView {
  #segments: readonly LogSegment[]
  readonly #version: Version
  #released = false
  readonly #onRelease: (view: ReadView) => void

  constructor(
    segments: readonly LogSegment[],
    version: Version,
    onRelease: (view: ReadView) => void,
  ) {
    this.#segments = segments
    this.#version = version
    this.#onRelease = onRelease
    version.retain()
    for (const segment of segments) segment.retain()
  }

  cursors(bounds: KeyBounds): Cursor[] {
    const cursors: Cursor[] = []
    for (const { memtable, order } of this.#segments) {
      for (const run of order.runs()) cursors.push(new MemtableCursor(memtable, run))
    }
    cursors.push(...this.#version.cursors(bounds.from, bounds.to))
    return cursors
  }

  release(): void {
    if (this.#released) return
    this.#released = true
    for (const segment of this.#segments) segment.release()
    this.#segments = []
    this.#version.release()
    this.#onRelease(this)
  }
}

/** Lets go of views whose iterators were forgotten without a close. */
export const forgottenViews: FinalizationRegistry<ReadView> = new FinalizationRegistry((view) =>
  view.release(),
)
