import type { Entry } from './store-iterator.ts'
import type { Stretch } from './stretch.ts'

const NOTHING = new Uint8Array(0)

/**
 * A place in one sorted run. Order: by key, and versions of a key newest first. The fields are the
 * entry, so that moving allocates nothing; they hold until the next move.
 */
export abstract class Cursor {
  valid = false
  key: Uint8Array = NOTHING
  keyStart = 0
  keyEnd = 0
  sequence = 0
  kind = 0
  value: Uint8Array = NOTHING
  valueStart = 0
  valueEnd = 0

  abstract first(): void
  abstract last(): void
  /** To the first entry whose key is not before this one. */
  abstract seek(key: Uint8Array, length: number): void
  /** To the last entry whose key is before this one. */
  abstract seekBefore(key: Uint8Array, length: number): void
  abstract next(): void
  abstract previous(): void

  /**
   * Copies entries from this one on that the stretch allows, and goes to the last one of them. Returns
   * how many: none where a run has no better way than one by one.
   */
  stretch(_stretch: Stretch, _into: Entry[]): number {
    return 0
  }
}
