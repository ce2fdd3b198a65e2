import { StoreError } from '../errors.ts'
import type { ReadPoint } from './point-reader.ts'
import type { ReadView } from './read-view.ts'

/**
 * A fixed view of the whole store, all keyspaces, at one time: entries that have ended since are still
 * seen. Compaction keeps what it shows until it is closed.
 */
export interface Snapshot {
  /** The last operation that it shows. */
  readonly sequence: number
  close(): void
  [Symbol.dispose](): void
}

/** What reads may be told. */
export interface ReadOptions {
  /** Read this view instead of the newest data. */
  readonly snapshot?: Snapshot
}

/** The open snapshots of one store. */
export class SnapshotRegistry {
  readonly #open: Set<StoreSnapshot> = new Set()
  /** Called when one was closed: compaction may let go of what it showed. */
  onClosed: () => void = () => {}
  /**
   * What a new one holds on to, when a compaction is at work that changes what can be seen and does not
   * know of it.
   */
  pin: () => ReadView | undefined = () => undefined

  get size(): number {
    return this.#open.size
  }

  create(sequence: number, now: number): Snapshot {
    const snapshot = new StoreSnapshot(sequence, now, this.pin(), (closed) => {
      if (this.#open.delete(closed)) this.onClosed()
    })
    this.#open.add(snapshot)
    return snapshot
  }

  /** No snapshot shows more than this: what came after it was never written. */
  clamp(sequence: number): void {
    for (const snapshot of this.#open) {
      snapshot.sequence = Math.min(snapshot.sequence, sequence)
    }
  }

  /** Sequences that compaction must keep readable, ascending, each once. */
  sequences(): number[] {
    return [...new Set([...this.#open].map((snapshot) => snapshot.sequence))].sort((a, b) => a - b)
  }

  /** The earliest time that a snapshot sees entries at, or `now`. */
  oldestTime(now: number): number {
    let oldest = now
    for (const snapshot of this.#open) oldest = Math.min(oldest, snapshot.now)
    return oldest
  }

  /** Where to read for a snapshot that must be open and of this store. */
  resolve(snapshot: Snapshot): ReadPoint {
    if (!(snapshot instanceof StoreSnapshot)) {
      throw new TypeError('snapshot must come from store.snapshot()')
    }
    if (this.#open.has(snapshot)) return snapshot
    if (!snapshot.closed) throw new TypeError('snapshot belongs to another store')
    throw new StoreError('SNAPSHOT_CLOSED', 'The snapshot is closed: take a new one.')
  }

  closeAll(): void {
    for (const snapshot of this.#open) snapshot.close()
  }
}

class StoreSnapshot implements Snapshot {
  sequence: number
  readonly now: number
  readonly view: ReadView | undefined
  closed = false
  readonly #onClose: (snapshot: StoreSnapshot) => void

  constructor(
    sequence: number,
    now: number,
    view: ReadView | undefined,
    onClose: (snapshot: StoreSnapshot) => void,
  ) {
    this.sequence = sequence
    this.now = now
    this.view = view
    this.#onClose = onClose
  }

  close(): void {
    this.closed = true
    this.view?.release()
    this.#onClose(this)
  }

  [Symbol.dispose](): void {
    this.close()
  }
}
