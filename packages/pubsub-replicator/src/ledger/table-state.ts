import type { MergePolicy } from '../row/local-write.ts'
import type { Selection } from '../selection/selection.ts'
import { type TableKeys, tableKeys } from './keyspace.ts'

/** A table of this node, as all parts of the replicator share it. */
export interface TableState {
  readonly name: string
  readonly publish: boolean
  readonly forward: boolean
  readonly merge: MergePolicy
  readonly keys: TableKeys
  /** Conditions of known subscribers by digest: a row that stops fulfilling one says so in its log entry. */
  readonly held: Map<string, Selection>
}

/** The settings of a table that the state is made of. */
export interface TableSettings {
  readonly name: string
  readonly publish: boolean
  readonly forward: boolean
  readonly merge: MergePolicy
}

/** Makes the state of a table. */
export function createTableState(settings: TableSettings): TableState {
  return { ...settings, keys: tableKeys(settings.name), held: new Map() }
}
