import type { Table } from '../keyspace/table.ts'
import { asBuffer, readLatin1, writeLatin1 } from '../values/latin1.ts'
import { controlKey } from './layout.ts'

/** Names keys whose elements a commit changed, for those that read the log; written over by each. */
export const CHANGED_KEY: Buffer = controlKey('changed')

const HEAD_BYTES = 8

/**
 * Keys whose elements changed since the last commit. A record of an element says under which id it
 * stands, not at which key: this is one more record per commit that does.
 *
 *   any number of: table u32 | length of the name u32 | name
 */
export class ChangedNames {
  readonly #names = new Map<Table, Set<string>>()

  get isEmpty(): boolean {
    return this.#names.size === 0
  }

  add(table: Table, key: string): void {
    const names = this.#names.get(table)
    if (names === undefined) this.#names.set(table, new Set([key]))
    else names.add(key)
  }

  /** The record for what was added, without tables that are gone; undefined when it is nothing. */
  take(dropped: ReadonlySet<number>): Buffer | undefined {
    if (this.#names.size === 0) return undefined
    const tables = [...this.#names].filter(([table]) => !dropped.has(table.id))
    this.#names.clear()
    let length = 0
    for (const [, names] of tables) for (const name of names) length += HEAD_BYTES + name.length
    if (length === 0) return undefined
    const bytes = Buffer.allocUnsafe(length)
    let at = 0
    for (const [{ id }, names] of tables) {
      for (const name of names) {
        at = bytes.writeUInt32BE(id, at)
        at = bytes.writeUInt32BE(name.length, at)
        writeLatin1(bytes, name, at)
        at += name.length
      }
    }
    return bytes
  }

  clear(): void {
    this.#names.clear()
  }
}

export interface ChangedName {
  readonly table: number
  readonly name: string
}

/** What such a record names. */
export function readChangedNames(record: Uint8Array): ChangedName[] {
  const bytes = asBuffer(record)
  const names: ChangedName[] = []
  for (let at = 0; at < bytes.length; ) {
    const start = at + HEAD_BYTES
    const end = start + bytes.readUInt32BE(at + 4)
    names.push({ table: bytes.readUInt32BE(at), name: readLatin1(bytes, start, end) })
    at = end
  }
  return names
}
