import type { Collection } from '../values/collection.ts'
import type { Table } from './table.ts'

/** Told of every change, so that it can be made durable. Calls come within a command. */
export interface ChangeLog {
  /** The key was set, removed, renamed or its expiry changed: its record is to be rewritten. */
  keyChanged(table: Table, key: string): void
  /** As keyChanged, for a key that holds this short string now, or the digits of this integer. */
  stringSet(table: Table, key: string, value: string | number, expiry: number): void
  /** Elements of the key's collection changed: whoever reads the log is to know of which key. */
  elementsNamed(table: Table, key: string): void
  /** The collection belongs to a key of the table from now on. */
  adopt(table: Table, collection: Collection): void
  /** The collection's elements are garbage. */
  abandon(table: Table, collection: Collection): void
  /** The cold collection's elements are garbage. */
  abandonStored(table: Table, id: number): void
  /** The database got a new table, or another's. */
  tablesChanged(tables: readonly Table[], dropped: readonly Table[]): void
  /** A library of functions is there with this text, or gone. */
  libraryChanged(name: string, code: string | undefined): void
  /** A record of a module is there with this value, or gone. */
  moduleRecordChanged(module: string, name: string, value: string | undefined): void
  /** Whom this server follows and how far it came, or undefined for nobody. */
  upstreamChanged(record: string | undefined): void
  /** A table that has never held a key. */
  createTable(): Table
}
