import type { Table } from '../keyspace/table.ts'

/** Room for so many is used again. */
const KEPT = 16 * 1024

/**
 * Keys that changed since the last commit, in arrays that are not made anew for each: they would grow from nothing
 * every time. The first {@link count} places count.
 */
export class ChangedKeys {
  count = 0
  readonly tables: (Table | undefined)[] = []
  readonly keys: string[] = []
  /** The key's value where that is a short string or an integer; undefined: look when it is written. */
  readonly strings: (string | number | undefined)[] = []
  readonly expiries: number[] = []

  add(table: Table, key: string, value: string | number | undefined, expiry: number): void {
    const last = this.count - 1
    const isAgain = last >= 0 && this.keys[last] === key && this.tables[last] === table
    const at = isAgain ? last : this.count
    this.tables[at] = table
    this.keys[at] = key
    this.strings[at] = value
    this.expiries[at] = expiry
    this.count = at + 1
  }

  /** Forgets them, and holds on to nothing. */
  clear(): void {
    const { tables, keys, strings, count } = this
    this.count = 0
    if (count > KEPT) {
      tables.length = 0
      keys.length = 0
      strings.length = 0
      this.expiries.length = 0
      return
    }
    for (let at = 0; at < count; at += 1) {
      tables[at] = undefined
      keys[at] = ''
      strings[at] = undefined
    }
  }
}
