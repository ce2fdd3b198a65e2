import type { KeyspaceOptions } from '../keyspace/keyspace-options.ts'
import { checkName } from '../keyspace/keyspaces.ts'
import { DEFAULT_END, type Space } from '../keyspace/space.ts'
import { KIND_RANGE_DELETE } from '../memtable/record.ts'
import type { LogWriter } from '../wal/log-writer.ts'
import type { OpenedStore } from './open-store.ts'
import type { Reads } from './reads.ts'

const NO_BYTES = new Uint8Array(0)

/** Makes keyspaces of an open store, and drops them. */
export class KeyspaceAdmin {
  readonly #opened: OpenedStore
  readonly #reads: Reads
  readonly #writer: LogWriter

  constructor(opened: OpenedStore, reads: Reads, writer: LogWriter) {
    this.#opened = opened
    this.#reads = reads
    this.#writer = writer
  }

  /** The keyspace of a name. */
  async resolve(name: string, options: KeyspaceOptions): Promise<Space> {
    checkName(name)
    const { health, keyspaces } = this.#opened
    // Who may not write may read those that are there.
    if (keyspaces.isKnown(name, options)) health.checkReadable()
    else health.checkWritable()
    return await keyspaces.resolve(name, options, () => this.#checkReservedIsFree())
  }

  /** Stores from before keyspaces may have keys where those of keyspaces go. */
  #checkReservedIsFree(): void {
    const { keyspaces } = this.#opened
    if (keyspaces.any) return
    const iterator = this.#reads.iterator(keyspaces.default, { gte: DEFAULT_END, limit: 1 })
    const found = iterator.nextSync()
    iterator.close()
    if (found === undefined) return
    throw new RangeError('this store has keys that start with eight 0xff bytes, where keyspaces go')
  }

  async drop(space: Space): Promise<void> {
    const { health, keyspaces, catalog } = this.#opened
    if (space.id === 0) throw new TypeError("the store's own keys cannot be dropped")
    health.checkWritable()
    await keyspaces.drop(
      space,
      () => catalog.oldestChange,
      async () => {
        const { prefix, end } = space
        await this.#writer.append(KIND_RANGE_DELETE, NO_BYTES, prefix, end, 0, 'always')
        return this.#writer.lastSequence
      },
    )
  }
}
