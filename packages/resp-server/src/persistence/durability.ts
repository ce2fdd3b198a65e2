import type { BackupInfo } from '@ashlar/lsm-store'
import type { ChangeLog } from '../keyspace/change-log.ts'
import type { Table } from '../keyspace/table.ts'
import type { ModuleTypes } from '../modules/module-types.ts'
import type { History } from './control.ts'
import type { FrozenRecords } from './frozen-records.ts'
import type { StageRequest } from './staging.ts'
import type { StoredKeys } from './stored-keys.ts'

export type AppendFsync = 'always' | 'everysec' | 'no'

/** What the server sees of durability; the memory-only server has one that does nothing. */
export interface Durability {
  readonly changes: ChangeLog
  readonly tables: readonly Table[]
  /** Texts of the libraries of functions that were there at the start. */
  readonly libraries: ReadonlyMap<string, string>
  /** Whom this server followed at the start. */
  readonly upstream: string | undefined
  /** What replicas held at the end of the last run, when they hold just what the store does. */
  readonly history: History | undefined
  /** Adds a backup to a folder, which keeps so many; 0: all. */
  backup(directory: string, keep: number, signal: AbortSignal): Promise<BackupInfo>
  /** What a module keeps beside keys, as it was at the start. */
  moduleRecords(module: string): ReadonlyMap<string, string>
  appendFsync: AppendFsync
  readonly isPersistent: boolean
  /** The store is written by what another server did. */
  readonly isFollowing: boolean
  /** A transaction runs: nothing of it is committed before its end, whatever its commands ask for. */
  isWithinUnit: boolean
  /** Large values whose records are still to be removed, and how many that were so far. */
  readonly collecting: number
  readonly collected: number
  /** Why writes are refused, once the store has failed. */
  readonly failure: Error | undefined
  /** A bound is reached: read no more from clients until {@link onRelieved}. */
  readonly isOverloaded: boolean
  /** Changes were made that the operating system does not have yet. */
  readonly isUnwritten: boolean
  /** True while keys are still being read from the store in the background. */
  readonly isLoading: boolean
  /** Last time that everything was on disk, in ms. */
  readonly lastSave: number
  /** Number of the newest change; an answer may leave once {@link durable} has reached it. */
  readonly issued: number
  readonly durable: number
  onDurable: (() => void) | undefined
  onRelieved: (() => void) | undefined
  onKeysLoaded: (() => void) | undefined
  /** Something is to be written at the end of this turn of the event loop, by {@link writeOut}. */
  onUnwritten: (() => void) | undefined
  /** The end of a command or transaction: what it changed may be committed from here on. */
  endOfCommand(): void
  /**
   * Writes a large value before the command that sets it, over turns of the event loop; undefined when
   * there is nothing to wait for. Never rejects: a store that fails refuses the command.
   */
  stage(request: StageRequest): Promise<void> | undefined
  /** The command has run: what it did not use of its value goes with the next commit. */
  endStage(bytes: Buffer): void
  /** Hands all changes to the operating system; false when it cannot: the store has failed, a transaction runs. */
  writeOut(): boolean
  /** Brings every key of the table into memory now. */
  loadAll(table: Table): void
  /** Whether memory may take in keys beyond those that commands touch. */
  hasRoom: () => boolean
  /**
   * The keys of the table as they are now, as the store has them: changes are written first.
   * Undefined when they all are in memory.
   */
  storedKeys(table: Table, behind: Uint8Array | undefined): StoredKeys | undefined
  /** Everything as it is at this moment; undefined where nothing is stored, or the store has failed. */
  freeze(modules: ModuleTypes): FrozenRecords | undefined
  /** Resolves when everything changed so far is on disk. */
  save(): Promise<void>
  /** Forgets memory and goes on from the store: new tables for the same databases. */
  reload(): Promise<readonly Table[]>
  /** Forgets what is not written yet, and writes no more: a script was cut off half-way. */
  abandon(): void
  /** Writes everything, and last of all what replicas hold of it. */
  close(history?: History): Promise<void>
}
