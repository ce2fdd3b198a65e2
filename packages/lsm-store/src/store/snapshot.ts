import { StoreError } from '../errors.ts'

/** A fixed view of the whole store. Compaction keeps what it shows until it is closed. */
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

  get size(): number {
    return this.#open.size
  }

  create(sequence: number): Snapshot {
    const snapshot = new StoreSnapshot(sequence, this.#open)
    this.#open.add(snapshot)
    return snapshot
  }

  /** Sequences that compaction must keep readable, ascending, each once. */
  sequences(): number[] {
    return [...new Set([...this.#open].map((snapshot) => snapshot.sequence))].sort((a, b) => a - b)
  }

  /** The sequence to read at for a snapshot that must be open and of this store. */
  resolve(snapshot: Snapshot): number {
    if (!(snapshot instanceof StoreSnapshot)) {
      throw new TypeError('snapshot must come from store.snapshot()')
    }
    if (this.#open.has(snapshot)) return snapshot.sequence
    if (!snapshot.closed) throw new TypeError('snapshot belongs to another store')
    throw new StoreError('SNAPSHOT_CLOSED', 'The snapshot is closed: take a new one.')
  }

  closeAll(): void {
    for (const snapshot of this.#open) snapshot.close()
  }
}

class StoreSnapshot implements Snapshot {
  readonly sequence: number
  closed = false
  readonly #open: Set<StoreSnapshot>

  constructor(sequence: number, open: Set<StoreSnapshot>) {
    this.sequence = sequence
    this.#open = open
  }

  close(): void {
    this.closed = true
    this.#open.delete(this)
  }

  [Symbol.dispose](): void {
    this.close()
  }
}
