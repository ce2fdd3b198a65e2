import { AbstractSnapshot } from 'abstract-level'
import type { Snapshot } from '../store/snapshot.ts'

/** Options of AbstractSnapshot's constructor, which its types leave out. */
interface SnapshotOptions {
  readonly owner: object
}

type SnapshotBase = new (options: SnapshotOptions) => AbstractSnapshot

// The published types declare no constructor; the README and the code do.
const Base: SnapshotBase = AbstractSnapshot as unknown as SnapshotBase

/** An explicit snapshot of a database: the store's own, closed with it. */
export class LevelSnapshot extends Base {
  readonly inner: Snapshot

  constructor(inner: Snapshot, options: SnapshotOptions) {
    super(options)
    this.inner = inner
  }

  async _close(): Promise<void> {
    this.inner.close()
  }
}

/** The store's snapshot behind one of ours. */
export function snapshotOf(snapshot: AbstractSnapshot): Snapshot {
  if (snapshot instanceof LevelSnapshot) return snapshot.inner
  throw new TypeError('snapshot must come from db.snapshot() of this database')
}
