import type { Clock } from '@ashlar/codec'
import type { LogJournal } from './log-storage.ts'

/** Message ids remembered at most; an append beyond is refused rather than forgotten early. */
export const MAX_DEDUP_IDS = 1_000_000

interface Remembered {
  readonly sequence: number
  /** Monotonic. */
  readonly at: number
}

/** Message ids of the last `windowMs`, oldest first. */
export class DedupWindow {
  readonly #ids = new Map<string, Remembered>()
  readonly #windowMs: number
  readonly #clock: Clock
  readonly #journal: LogJournal | undefined

  constructor(windowMs: number, clock: Clock, journal: LogJournal | undefined) {
    this.#windowMs = windowMs
    this.#clock = clock
    this.#journal = journal
    for (const { id, sequence, atMs } of journal?.messageIds ?? []) {
      // A wall clock that stepped back makes ids seem to be of the future: they are of now.
      const age = Math.max(0, clock.now() - atMs)
      this.#ids.set(id, { sequence, at: clock.monotonic() - age })
    }
  }

  /** The sequence under which the id was appended within the window. */
  find(id: string): number | undefined {
    const now = this.#clock.monotonic()
    for (const [oldest, { at }] of this.#ids) {
      if (now - at < this.#windowMs) break
      this.#ids.delete(oldest)
      this.#journal?.forgetId(oldest)
    }
    return this.#ids.get(id)?.sequence
  }

  hasRoom(): boolean {
    return this.#ids.size < MAX_DEDUP_IDS
  }

  add(id: string, sequence: number): void {
    this.#ids.set(id, { sequence, at: this.#clock.monotonic() })
    this.#journal?.rememberId({ id, sequence, atMs: this.#clock.now() })
  }
}
