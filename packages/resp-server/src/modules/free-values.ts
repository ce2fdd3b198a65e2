import type { Table } from '../keyspace/table.ts'
import { ModuleValue } from '../values/module-value.ts'

/** Tells modules that their values leave memory, as the table does; the store has them. */
export function freeValues(table: Table): void {
  for (let slot = 0; slot < table.loadedKeys.length; slot += 1) {
    const value = table.residentAt(slot)
    if (value instanceof ModuleValue) value.free()
  }
}
