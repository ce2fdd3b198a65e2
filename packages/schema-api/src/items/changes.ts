/** What a write through this API has changed. */
export interface ChangeEvent {
  readonly collection: string
  readonly event: 'create' | 'update' | 'delete'
  /** The rows' keys as they were before the change, or as created; composite keys as `a,b`. */
  readonly keys: readonly (string | number)[]
  /** The rows with all columns after the change, in the order of `keys`; empty for `delete`. */
  readonly data: readonly Readonly<Record<string, unknown>>[]
}

/** Called after the commit. What it throws, or rejects with, goes to `events.onError`. */
export type ChangeListener = (change: ChangeEvent) => void | Promise<void>

/** Delivers changes to listeners, in the order of the commits. */
export class ChangeFeed {
  readonly #listeners = new Set<ChangeListener>()
  readonly #onError: (error: unknown) => void

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError
  }

  /** Whether anybody would hear of a change. */
  get isHeard(): boolean {
    return this.#listeners.size > 0
  }

  listen(listener: ChangeListener): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  emit(change: ChangeEvent): void {
    for (const listener of this.#listeners) {
      try {
        Promise.resolve(listener(change)).catch(this.#onError)
      } catch (error) {
        this.#onError(error)
      }
    }
  }

  clear(): void {
    this.#listeners.clear()
  }
}
