import type { LogSegment } from './log-segment.ts'

/** A log file that `changes()` can read. */
export interface CatalogEntry {
  readonly number: number
  readonly path: string
  readonly firstSequence: number
  /** Bytes of whole frames in the file. */
  readonly length: () => number
  readonly lastSequence: () => number
}

/** A log file whose content is known. */
export interface FixedEntry {
  readonly number: number
  readonly path: string
  readonly firstSequence: number
  readonly lastSequence: number
  readonly length: number
}

/** Log files by age: those that recovery needs, and older ones kept for `changes()`. */
export class LogCatalog {
  #entries: CatalogEntry[] = []

  get entries(): readonly CatalogEntry[] {
    return this.#entries
  }

  /** Sequence after which `changes()` can replay. */
  get oldestChange(): number {
    return (this.#entries[0]?.firstSequence ?? 1) - 1
  }

  get bytes(): number {
    return this.#entries.reduce((sum, entry) => sum + entry.length(), 0)
  }

  /** Adds a log that is still being written, or may be. */
  addSegment(segment: LogSegment): void {
    const { number, path, memtable } = segment
    this.#entries.push({
      number,
      path,
      firstSequence: memtable.firstSequence,
      length: () => segment.written,
      lastSequence: () => memtable.lastSequence,
    })
  }

  /** Adds a log whose content is fixed. */
  add(entry: FixedEntry): void {
    const { number, path, firstSequence, lastSequence, length } = entry
    const fixed = { length: () => length, lastSequence: () => lastSequence }
    this.#entries.push({ number, path, firstSequence, ...fixed })
  }

  /** From now on the entry holds only numbers, so that its memtable can go. */
  freeze(number: number): void {
    this.#entries = this.#entries.map((entry) => {
      if (entry.number !== number) return entry
      const length = entry.length()
      const lastSequence = entry.lastSequence()
      return { ...entry, length: () => length, lastSequence: () => lastSequence }
    })
  }

  /** What follows this log is missing: `changes()` begins behind the gap. */
  forget(number: number): void {
    this.#entries = this.#entries.filter((entry) => entry.number > number)
  }

  /**
   * Removes the oldest logs that recovery does not need while they hold more than `retainBytes`.
   * Readers that have one open can finish it. Returns the paths of files that can go.
   */
  trim(firstNeeded: number, retainBytes: number): string[] {
    const removed: string[] = []
    let spare = 0
    for (const entry of this.#entries) if (entry.number < firstNeeded) spare += entry.length()
    for (;;) {
      const oldest = this.#entries[0]
      if (oldest === undefined || oldest.number >= firstNeeded || spare <= retainBytes) break
      spare -= oldest.length()
      this.#entries.shift()
      removed.push(oldest.path)
    }
    return removed
  }
}
