import type { ModuleRdbReader, ModuleRdbWriter } from '../rdb/module-value.ts'

/**
 * A type of value that keys can hold, as a module defines it.
 *
 * A value is stored as named records: one for something small, many for something large, so that a
 * change writes only the records that it names. Names and records are byte strings, one character
 * per byte (see `encodeText` and `encodeBytes`). Hooks are called within a command, must not wait,
 * and must not touch keys.
 *
 * COPY, DUMP and RESTORE, RDB files, RENAME, MOVE, expiry, eviction, tiering and MEMORY USAGE work
 * for every type without more code.
 */
export interface ModuleType<V> {
  /**
   * What TYPE answers and the store and RDB payloads carry: nine of `A-Z a-z 0-9 - _`, as in Redis.
   * It must never be used for anything else again.
   */
  readonly name: string
  /** Version of the records' format, 0 to 1023. `restore` must read all earlier ones. */
  readonly version: number
  /** A value without content. */
  create(): V
  /** Names of all records that the value has now. */
  records(value: V): Iterable<string>
  /** A record as it is to be stored; undefined when the value has no such record any more. */
  encode(value: V, record: string): string | undefined
  /** Puts back a record, in byte order of names, as `version` wrote it. Throws for a damaged one. */
  restore(value: V, record: string, stored: string, version: number): void
  /**
   * The primary wrote a record (undefined: removed it) while the value is in memory on a replica.
   * Afterwards the value is as if it were restored anew. Default: it is let go of, and read from the
   * store again when somebody asks: implement it where that is much, as for long lists of samples.
   */
  changeRecord?(value: V, record: string, stored: string | undefined, version: number): void
  /** A key whose value is empty goes, as a list without items does. Default: never empty. */
  isEmpty?(value: V): boolean
  /** What the value takes in memory, by estimation: for `maxmemory` and MEMORY USAGE. */
  memoryBytes(value: V): number
  /** A value of its own for COPY: shares nothing that changes. */
  copy(value: V): V
  /**
   * The value leaves memory: its key went, was overwritten, or the value stays in the store alone.
   * Not called for FLUSHALL, FLUSHDB, a snapshot that replaces everything, or the end of the server.
   */
  free?(value: V): void
  /** What DEBUG DIGEST-VALUE hashes. Default: the names and contents of the records. */
  digest?(value: V): Iterable<string>
  /** Own form in DUMP and RDB, for types that have one elsewhere. Default: version and records. */
  saveRdb?(value: V, out: ModuleRdbWriter): void
  /** Reads what `saveRdb` of `version` wrote. Throws for what is damaged. */
  loadRdb?(input: ModuleRdbReader, version: number): V
}

const NAME = /^[A-Za-z0-9_-]{9}$/

/** Throws TypeError or RangeError for a definition that cannot work. */
export function checkModuleType(type: ModuleType<unknown>): void {
  if (!NAME.test(type.name)) {
    throw new RangeError(`a type's name has nine of A-Z a-z 0-9 - _, got '${type.name}'`)
  }
  const { version } = type
  if (!Number.isInteger(version) || version < 0 || version > 1023) {
    throw new RangeError(`type ${type.name}: version must be between 0 and 1023, got ${version}`)
  }
  if ((type.saveRdb === undefined) !== (type.loadRdb === undefined)) {
    throw new TypeError(`type ${type.name}: saveRdb and loadRdb need each other`)
  }
}
