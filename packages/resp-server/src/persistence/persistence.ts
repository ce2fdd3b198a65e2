import type { Clock, Logger } from '@ashlar/codec'
import type { BackupInfo, Batch, Store, SyncMode } from '@ashlar/lsm-store'
import type { ChangeLog } from '../keyspace/change-log.ts'
import { Table } from '../keyspace/table.ts'
import type { ModuleTypes } from '../modules/module-types.ts'
import { asBuffer, readLatin1 } from '../values/latin1.ts'
import { Collector } from './collector.ts'
import {
  completeState,
  type History,
  libraryKey,
  moduleRecordKey,
  readControl,
  readCount,
  readHistory,
  readTexts,
  UPSTREAM_KEY,
  writeHistory,
} from './control.ts'
import type { AppendFsync, Durability } from './durability.ts'
import { FrozenRecords } from './frozen-records.ts'
import { Journal } from './journal.ts'
import { KeyLoader } from './key-loader.ts'
import type { StageRequest } from './staging.ts'
import { StoreSource } from './store-source.ts'
import { StoredKeys } from './stored-keys.ts'

const SYNC_MODES: Readonly<Record<AppendFsync, SyncMode>> = {
  always: 'always',
  everysec: 'interval',
  no: 'none',
}
/** Changes that force a commit in the middle of a turn of the event loop. */
const COMMIT_AT = 8192
/** Commits under way at which clients are no longer read from, until half of them are done. */
const MAX_COMMITS_UNDER_WAY = 64

export interface PersistenceOptions {
  readonly store: Store
  readonly databases: number
  readonly appendFsync: AppendFsync
  readonly clock: Clock
  readonly logger: Logger
  readonly moduleTypes: ModuleTypes
  /** Begin as one that follows another server. See {@link Persistence.follow}. */
  readonly follows?: boolean
}

/** Commits the journal to the store at the end of each turn of the event loop. */
export class Persistence implements Durability {
  appendFsync: AppendFsync
  onDurable: (() => void) | undefined
  onRelieved: (() => void) | undefined
  onKeysLoaded: (() => void) | undefined
  onUnwritten: (() => void) | undefined
  readonly isPersistent: boolean = true
  failure: Error | undefined
  readonly libraries: ReadonlyMap<string, string>
  readonly upstream: string | undefined
  readonly history: History | undefined
  lastSave: number
  durable = 0
  /** The store is written by what another server did: nothing is committed from memory. */
  isFollowing: boolean
  isWithinUnit = false
  readonly store: Store
  readonly source: StoreSource
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #journal: Journal
  /** Those that clients see: the store may have more. */
  readonly #databases: number
  #collector: Collector
  readonly #loader: KeyLoader
  #tables: Table[]
  #committed = 0
  #underWay = 0
  #scheduled = false
  #isCommittedUnwritten = false
  #isAbandoned = false
  #isClosing = false
  #latest: Promise<unknown> = Promise.resolve()

  constructor(options: PersistenceOptions) {
    const { store } = options
    this.store = store
    this.#clock = options.clock
    this.#logger = options.logger
    this.appendFsync = options.appendFsync
    this.#databases = options.databases
    this.lastSave = options.clock.now()
    // before anything is written
    this.history = readHistory(store, options.databases)
    this.libraries = readTexts(store, libraryKey(''))
    const upstream = store.getSync(UPSTREAM_KEY)
    this.upstream = upstream && readLatin1(asBuffer(upstream))
    const state = completeState(readControl(store), options.databases)
    this.isFollowing = options.follows === true
    this.#collector = this.#createCollector()
    this.#journal = new Journal(store, state, (garbage) => this.#collector.add(garbage))
    this.source = new StoreSource(store, this.#journal, options.moduleTypes)
    this.#journal.useSource(this.source)
    this.#loader = new KeyLoader(store, () => this.onKeysLoaded?.())
    this.#tables = state.tables.map((id) => this.openTable(id))
    if (this.isFollowing) this.source.observer = undefined
    else this.#collector.recover()
  }

  /** Starts reading keys in the background. */
  start(): void {
    for (const table of this.#tables) {
      if (!table.isComplete) this.#loader.load(table).catch((error) => this.#fail(error))
    }
  }

  get changes(): ChangeLog {
    return this.#journal
  }

  get tables(): readonly Table[] {
    return this.#tables
  }

  get isLoading(): boolean {
    return this.#loader.isLoading
  }

  get collecting(): number {
    return this.#collector.backlog
  }

  get collected(): number {
    return this.#collector.collected
  }

  get isOverloaded(): boolean {
    return this.#underWay >= MAX_COMMITS_UNDER_WAY
  }

  get isUnwritten(): boolean {
    return this.#isCommittedUnwritten || (!this.isFollowing && !this.#journal.isEmpty)
  }

  get issued(): number {
    return this.isFollowing || this.#journal.isEmpty ? this.#committed : this.#committed + 1
  }

  backup(directory: string, keep: number, signal: AbortSignal): Promise<BackupInfo> {
    return this.store.backup(directory, { signal, ...(keep > 0 && { keep }) })
  }

  moduleRecords(module: string): ReadonlyMap<string, string> {
    return readTexts(this.store, moduleRecordKey(module, ''))
  }

  endOfCommand(): void {
    if (this.isFollowing) return
    const journal = this.#journal
    if (journal.pending >= COMMIT_AT) this.#commit()
    else if (!this.#scheduled && !journal.isEmpty) {
      this.#scheduled = true
      if (this.onUnwritten === undefined) setImmediate(this.#commitScheduled)
      else this.onUnwritten()
    }
  }

  stage(request: StageRequest): Promise<void> | undefined {
    const { staging } = this.#journal
    if (!this.#canStage() || staging.has(request.bytes)) return undefined
    const id = this.#journal.takeId()
    // the ceiling of ids must stand in the store before what has this one
    this.#commit()
    return staging.write(request, id, this.#canStage).catch((error: unknown) => this.#fail(error))
  }

  endStage(bytes: Buffer): void {
    this.#journal.staging.end(bytes)
  }

  readonly #canStage = (): boolean =>
    !this.isFollowing && !this.#isClosing && this.failure === undefined

  writeOut(): boolean {
    this.#commit()
    this.store.writeOut()
    this.#isCommittedUnwritten = false
    if (this.failure !== undefined || this.store.state === 'poisoned') return false
    return this.isFollowing || this.#journal.isEmpty
  }

  loadAll(table: Table): void {
    if (!table.isComplete) this.#loader.finish(table)
  }

  storedKeys(table: Table, behind: Uint8Array | undefined): StoredKeys | undefined {
    if (!this.isFollowing && !this.writeOut()) return undefined
    return new StoredKeys(this.store, table.id, behind && { gt: behind })
  }

  freeze(modules: ModuleTypes): FrozenRecords | undefined {
    if (!this.isFollowing && !this.writeOut()) return undefined
    return new FrozenRecords(this.store, modules)
  }

  get hasRoom(): () => boolean {
    return this.#loader.hasRoom
  }

  set hasRoom(hasRoom: () => boolean) {
    this.#loader.hasRoom = () => this.isFollowing || hasRoom()
  }

  async save(): Promise<void> {
    // BGSAVE in a transaction is of what that leaves
    if (this.isWithinUnit) await Promise.resolve()
    this.#commit()
    await this.#latest
    if (this.failure !== undefined) throw this.failure
    await this.store.sync()
    this.lastSave = this.#clock.now()
  }

  async reload(): Promise<readonly Table[]> {
    await this.save()
    return this.reopen()
  }

  abandon(): void {
    this.#isAbandoned = true
  }

  /**
   * Commits what was executed so far, and nothing from then on: another server's changes are
   * written to the store instead. Resolves when nothing of this server is under way any more.
   */
  async follow(): Promise<void> {
    this.#commit()
    this.isFollowing = true
    this.source.observer = undefined
    await this.#latest
    await this.#collector.close()
  }

  /** Writes what another server did, as durably as what this one does. */
  write(batch: Batch): Promise<number> {
    return this.store.write(batch, { sync: SYNC_MODES[this.appendFsync] }).catch((error) => {
      this.#fail(error)
      throw error
    })
  }

  /** Takes the store as it is, goes on from it and commits changes again. Answers its tables. */
  lead(): readonly Table[] {
    this.isFollowing = false
    this.source.onLoaded = undefined
    this.source.observer = this.#journal
    this.#journal.restart(completeState(readControl(this.store), this.#tables.length))
    this.#collector = this.#createCollector()
    const tables = this.reopen()
    this.#collector.recover()
    return tables
  }

  /** Forgets memory: new tables over what the store holds now. */
  reopen(): readonly Table[] {
    const state = completeState(readControl(this.store), this.#tables.length)
    this.#tables = state.tables.map((id) => this.openTable(id))
    this.start()
    return this.#tables
  }

  async close(history?: History): Promise<void> {
    this.#isClosing = true
    this.#loader.stop()
    this.#commit()
    await this.#latest
    await this.#collector.close()
    if (this.failure !== undefined) return
    if (history !== undefined && this.#journal.isEmpty) {
      await writeHistory(this.store, history, this.#databases)
    }
    await this.store.sync()
  }

  /** A table as the store has it. */
  openTable(id: number): Table {
    const count = readCount(this.store, id)
    if (!this.isFollowing) this.#journal.countStored(id, count)
    return new Table(id, this.source, count)
  }

  #createCollector(): Collector {
    return new Collector(
      this.store,
      (error) => this.#fail(error),
      () => this.#journal.staging.isIdle,
    )
  }

  readonly #commitScheduled = (): void => this.#commit()

  #commit(): void {
    this.#scheduled = false
    if (this.isFollowing || this.isWithinUnit) return
    if (this.#journal.isEmpty || this.failure !== undefined || this.#isAbandoned) return
    this.#committed += 1
    const ticket = this.#committed
    this.#underWay += 1
    this.#isCommittedUnwritten = true
    try {
      this.#latest = this.#journal.commit(SYNC_MODES[this.appendFsync]).then(
        () => this.#settled(ticket),
        (error: unknown) => this.#fail(error),
      )
    } catch (error) {
      this.#fail(error)
    }
  }

  #settled(ticket: number): void {
    this.#underWay -= 1
    if (ticket > this.durable) this.durable = ticket
    this.onDurable?.()
    if (this.#underWay === MAX_COMMITS_UNDER_WAY >> 1) this.onRelieved?.()
  }

  #fail(error: unknown): void {
    if (this.failure !== undefined) return
    this.failure = error instanceof Error ? error : new Error(String(error))
    this.#logger.error('writes are refused: the store failed', { error: this.failure.message })
    this.onDurable?.()
    this.onRelieved?.()
  }
}
