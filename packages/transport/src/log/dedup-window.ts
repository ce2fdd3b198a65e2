/** Message ids remembered at most; an append beyond is refused rather than forgotten early. */
export const MAX_DEDUP_IDS = 1_000_000

interface Remembered {
  readonly sequence: number
  readonly at: number
}

/** Message ids of the last `windowMs`, oldest first. Times are monotonic. */
export class DedupWindow {
  readonly #ids = new Map<string, Remembered>()
  readonly #windowMs: number

  constructor(windowMs: number) {
    this.#windowMs = windowMs
  }

  /** The sequence under which the id was appended within the window. */
  find(id: string, now: number): number | undefined {
    for (const [oldest, { at }] of this.#ids) {
      if (now - at < this.#windowMs) break
      this.#ids.delete(oldest)
    }
    return this.#ids.get(id)?.sequence
  }

  hasRoom(): boolean {
    return this.#ids.size < MAX_DEDUP_IDS
  }

  add(id: string, sequence: number, now: number): void {
    this.#ids.set(id, { sequence, at: now })
  }
}
