import { RangeDeletes } from '../range-delete/range-deletes.ts'
import type { BlockCache } from '../sstable/block-cache.ts'
import { Table } from '../sstable/table.ts'
import type { TableContext } from '../sstable/table-context.ts'
import type { TableMeta } from '../sstable/table-meta.ts'
import { ValueUsage } from '../value-files/value-usage.ts'
import type { Manifest } from './manifest.ts'
import type { ManifestEdit, ManifestState } from './manifest-format.ts'
import { Version } from './version.ts'

/** The tables of a store: which there are, durably, and handles to read them. */
export class TableSet {
  /** Tables of now. */
  version: Version
  /** Value files of now. */
  readonly usage: ValueUsage = new ValueUsage()
  readonly #manifest: Manifest
  readonly #context: TableContext
  readonly #onRemoved: (path: string) => void

  constructor(manifest: Manifest, context: TableContext, onRemoved: (path: string) => void) {
    this.#manifest = manifest
    this.#context = context
    this.#onRemoved = onRemoved
    const added = [...manifest.state.tables.values()]
    const empty = Version.empty()
    const ranges = RangeDeletes.of(manifest.state.ranges)
    this.version = empty.apply({ added, removed: [], ranges }, (meta) => new Table(context, meta))
    empty.release()
    this.usage.change(metasOf(added), [])
  }

  get cache(): BlockCache {
    return this.#context.cache
  }

  get context(): TableContext {
    return this.#context
  }

  /** Blocks and values that were read from files. */
  get misses(): number {
    const { cache, values } = this.#context
    return cache.misses + values.reads
  }

  /** What the manifest says of now. */
  get state(): ManifestState {
    return this.#manifest.state
  }

  /** First log that recovery needs. */
  get firstLog(): number {
    return this.#manifest.state.firstLog
  }

  /**
   * Makes an edit durable, then visible; `onVisible` runs in the same turn. Files of removed tables
   * are handed on for deletion; versions that readers still hold keep them open. `handles` are those
   * of added tables that are open already.
   */
  async commit(
    edit: ManifestEdit,
    onVisible: () => void,
    handles: readonly Table[] = [],
  ): Promise<void> {
    const state = await this.#manifest.commit(edit)
    const before = this.version
    const removed = new Set(edit.removed ?? [])
    const gone = [...before.tables()].filter(({ meta }) => removed.has(meta.number))
    const ranged = edit.addedRanges !== undefined || edit.removedRanges !== undefined
    const change = {
      added: edit.added ?? [],
      removed: edit.removed ?? [],
      ...(ranged ? { ranges: RangeDeletes.of(state.ranges) } : {}),
    }
    this.version = before.apply(
      change,
      (meta) => handles.find((table) => isSameTable(table.meta, meta)) ?? this.open(meta),
    )
    onVisible()
    before.release()
    this.#keepReadable(handles)
    const kept = new Set([...this.version.tables()].map(({ meta }) => meta.number))
    for (const table of gone) if (!kept.has(table.meta.number)) this.#remove(table)
    const unused = this.usage.change(metasOf(change.added), metasOf(gone))
    for (const number of unused) this.#removeValues(number)
  }

  /**
   * Handles that the version has others for are still read by iterators of before: they are opened
   * now, since the file may be removed when the version's handle goes.
   */
  #keepReadable(handles: readonly Table[]): void {
    const own = new Set(this.version.tables())
    for (const table of handles) {
      if (table.references > 0 && !own.has(table)) loadIfPossible(table)
    }
  }

  /** A handle for a table that is in no version yet. */
  open(meta: TableMeta): Table {
    return new Table(this.#context, meta)
  }

  #remove(table: Table): void {
    // A reader of an older version may not have opened it yet.
    if (table.references > 0) loadIfPossible(table)
    this.#onRemoved(table.path)
  }

  /** No table of now points into the file any more; readers of older versions may. */
  #removeValues(number: number): void {
    const { values } = this.#context
    values.keepReadable(number)
    this.#onRemoved(values.pathOf(number))
  }

  async close(): Promise<void> {
    await this.#manifest.close()
    this.version.release()
  }
}

function metasOf(tables: readonly { readonly meta: TableMeta }[]): TableMeta[] {
  return tables.map(({ meta }) => meta)
}

function loadIfPossible(table: Table): void {
  try {
    table.load()
  } catch {
    // It could not be read in any case: its reader will hear of it.
  }
}

/** False also when more is known of it now. */
function isSameTable(a: TableMeta, b: TableMeta): boolean {
  return a.number === b.number && a.writtenAt === b.writtenAt
}
