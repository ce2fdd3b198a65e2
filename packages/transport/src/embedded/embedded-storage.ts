import type { Store } from '@ashlar/lsm-store'
import { TransportError } from '../errors.ts'
import type { HubStorage, Kept } from '../hub/hub-storage.ts'
import type { ResolvedKvOptions } from '../kv/kv-options.ts'
import type { ResolvedLogOptions } from '../log/log-options.ts'
import type { LogStorage } from '../log/log-storage.ts'
import { decodeJson, encodeJson } from './json.ts'
import { CATALOG, kindKey, LAYOUT_VERSION, nameKey, nameOf, OLD_LAYOUT_VERSION } from './keys.ts'
import { LsmLogJournal } from './lsm-journal.ts'
import { LsmRecords } from './lsm-records.ts'
import { ScopeCleaner } from './scope-cleaner.ts'
import { StoreWriter } from './store-writer.ts'

type CatalogKind = 'L' | 'B'

/** How a log or bucket is kept. */
interface Keeping {
  readonly id: number
  /** Messages that came together stand together. */
  readonly blocks?: boolean
}

interface CatalogEntry<Options> extends Keeping {
  readonly options: Options
}

/** Keeps the logs and buckets of a hub in a store. */
export class EmbeddedStorage implements HubStorage {
  readonly logs: readonly Kept<ResolvedLogOptions>[]
  readonly buckets: readonly Kept<ResolvedKvOptions>[]
  readonly #writer: StoreWriter
  readonly #cleaner: ScopeCleaner
  #lastId = CATALOG

  constructor(store: Store) {
    this.#writer = new StoreWriter(store)
    this.#cleaner = new ScopeCleaner(this.#writer)
    this.#checkVersion()
    this.#lastId = Math.max(CATALOG, ...this.#cleaner.scopes)
    this.logs = this.#readCatalog<ResolvedLogOptions>(
      'L',
      (options) => options.maxMessagesPerSubject,
    )
    this.buckets = this.#readCatalog<ResolvedKvOptions>('B', (options) => options.history)
    this.#cleaner.start()
  }

  createLog(name: string, options: ResolvedLogOptions): LogStorage {
    return this.#create('L', name, options, options.maxMessagesPerSubject)
  }

  createBucket(name: string, options: ResolvedKvOptions): LogStorage {
    return this.#create('B', name, options, options.history)
  }

  assertUsable(): void {
    this.#writer.assertUsable()
  }

  commit(): Promise<void> | undefined {
    return this.#writer.commit()
  }

  /** Writes what is collected and stops the work in the background. */
  async close(): Promise<void> {
    await this.#cleaner.stop()
    this.#writer.flush()
    await this.#writer.commit()
  }

  #create(kind: CatalogKind, name: string, options: unknown, maxPerSubject: number): LogStorage {
    this.#lastId += 1
    const keeping = { id: this.#lastId, blocks: maxPerSubject === Infinity }
    this.#writer.put(nameKey(CATALOG, kind, name), encodeJson({ ...keeping, options }))
    return this.#open(kind, name, keeping, maxPerSubject)
  }

  #open(
    kind: CatalogKind,
    name: string,
    { id, blocks = false }: Keeping,
    maxPerSubject: number,
  ): LogStorage {
    const onDestroy = (): void => {
      this.#writer.delete(nameKey(CATALOG, kind, name))
      this.#cleaner.add(id)
    }
    return {
      records: new LsmRecords(this.#writer, { scope: id, maxPerSubject, blocks }),
      journal: new LsmLogJournal(this.#writer, id, onDestroy),
    }
  }

  #readCatalog<Options>(
    kind: CatalogKind,
    maxPerSubject: (options: Options) => number,
  ): Kept<Options>[] {
    const entries: (CatalogEntry<Options> & { readonly name: string })[] = []
    using iterator = this.#writer.store.iterator({ prefix: kindKey(CATALOG, kind) })
    for (let entry = iterator.nextSync(); entry !== undefined; entry = iterator.nextSync()) {
      entries.push({ name: nameOf(entry[0]), ...decodeJson<CatalogEntry<Options>>(entry[1]) })
    }
    return entries.map(({ name, options, ...keeping }) => {
      this.#lastId = Math.max(this.#lastId, keeping.id)
      return { name, options, storage: this.#open(kind, name, keeping, maxPerSubject(options)) }
    })
  }

  #checkVersion(): void {
    const key = kindKey(CATALOG, 'V')
    const found = this.#writer.store.getSync(key)?.[0]
    if (found === LAYOUT_VERSION) return
    if (found === undefined || found === OLD_LAYOUT_VERSION) {
      this.#writer.put(key, Uint8Array.of(LAYOUT_VERSION))
      return
    }
    throw new TransportError(
      'STORAGE_FAILED',
      `the store has layout ${found}, this version of the package knows ${LAYOUT_VERSION}`,
    )
  }
}
