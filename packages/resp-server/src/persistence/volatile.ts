import { ReplyError } from '../errors.ts'
import type { ChangeLog } from '../keyspace/change-log.ts'
import { Table } from '../keyspace/table.ts'
import type { AppendFsync, Durability } from './durability.ts'

/** `appendonly no`: everything is in memory, nothing is written, and nobody is told otherwise. */
export class Volatile implements Durability {
  readonly changes: ChangeLog
  readonly tables: readonly Table[]
  readonly libraries: ReadonlyMap<string, string> = new Map()
  readonly upstream: string | undefined = undefined
  readonly history: undefined = undefined
  appendFsync: AppendFsync = 'no'
  readonly isPersistent: boolean = false
  readonly isFollowing: boolean = false
  readonly collecting: number = 0
  readonly collected: number = 0
  readonly failure: Error | undefined = undefined
  readonly isOverloaded: boolean = false
  readonly isUnwritten: boolean = false
  readonly isLoading: boolean = false
  readonly lastSave: number
  readonly issued: number = 0
  readonly durable: number = 0
  onDurable: (() => void) | undefined
  onRelieved: (() => void) | undefined
  onKeysLoaded: (() => void) | undefined
  onUnwritten: (() => void) | undefined
  isWithinUnit = false

  constructor(databases: number, now: number) {
    this.lastSave = now
    let nextTable = databases
    this.tables = Array.from({ length: databases }, (_, id) => new Table(id, undefined, 0))
    const createTable = (): Table => {
      nextTable += 1
      return new Table(nextTable, undefined, 0)
    }
    const nothing = (): void => {}
    this.changes = {
      keyChanged: nothing,
      stringSet: nothing,
      elementsNamed: nothing,
      adopt: nothing,
      abandon: nothing,
      abandonStored: nothing,
      tablesChanged: nothing,
      libraryChanged: nothing,
      moduleRecordChanged: nothing,
      upstreamChanged: nothing,
      createTable,
    }
  }

  backup(): Promise<never> {
    return this.save() as Promise<never>
  }

  moduleRecords(): ReadonlyMap<string, string> {
    return new Map()
  }

  endOfCommand(): void {}

  stage(): undefined {
    return undefined
  }

  endStage(): void {}

  writeOut(): boolean {
    return true
  }

  loadAll(): void {}

  hasRoom = (): boolean => true

  freeze(): undefined {
    return undefined
  }

  storedKeys(): undefined {
    return undefined
  }

  save(): Promise<void> {
    return Promise.reject(new ReplyError('ERR nothing to save to: appendonly is no'))
  }

  reload(): Promise<readonly Table[]> {
    return this.save() as Promise<never>
  }

  abandon(): void {}

  close(): Promise<void> {
    return Promise.resolve()
  }
}
