import type { ModuleType } from '../modules/module-type.ts'
import { Collection } from './collection.ts'

/** More records than this are deleted in the background: counting need not go on. */
const COUNTED_RECORDS = 1000
const VERSION_BYTES = 2

/** A value of a module's type at a key. */
export class ModuleValue extends Collection {
  readonly type = 'module'
  readonly definition: ModuleType<unknown>
  readonly value: unknown

  constructor(definition: ModuleType<unknown>, value: unknown = definition.create()) {
    super()
    this.definition = definition
    this.value = value
  }

  override get typeName(): string {
    return this.definition.name
  }

  get size(): number {
    return this.definition.isEmpty?.(this.value) === true ? 0 : 1
  }

  override get elementCount(): number {
    let count = 0
    for (const _ of this.definition.records(this.value)) {
      count += 1
      if (count > COUNTED_RECORDS) break
    }
    return count
  }

  /** Notes records as changed. */
  touchRecords(records: Iterable<string>): void {
    for (const record of records) this.touch(record)
  }

  /** Each record begins with the version of its format: old and new ones may stand side by side. */
  encodeElement(record: string): string | undefined {
    const { definition, value } = this
    const bytes = definition.encode(value, record)
    if (bytes === undefined) return undefined
    return String.fromCharCode(definition.version >> 8, definition.version & 0xff) + bytes
  }

  restoreElement(record: string, stored: string): void {
    const version = stored.charCodeAt(0) * 256 + stored.charCodeAt(1)
    this.definition.restore(this.value, record, stored.slice(VERSION_BYTES), version)
  }

  /** Takes a record over as another server wrote it; false when the value is to be read anew. */
  changeRecord(record: string, stored: string | undefined): boolean {
    const { definition } = this
    if (definition.changeRecord === undefined) return false
    const version =
      stored === undefined ? definition.version : stored.charCodeAt(0) * 256 + stored.charCodeAt(1)
    definition.changeRecord(this.value, record, stored?.slice(VERSION_BYTES), version)
    return true
  }

  touchAll(): void {
    this.touchRecords(this.definition.records(this.value))
  }

  clone(): ModuleValue {
    return new ModuleValue(this.definition, this.definition.copy(this.value))
  }

  encoding(): string {
    return 'raw'
  }

  memoryBytes(): number {
    return this.definition.memoryBytes(this.value)
  }

  /** What its digest is made of. */
  *digestParts(): Generator<string> {
    const { definition, value } = this
    if (definition.digest !== undefined) {
      yield* definition.digest(value)
      return
    }
    for (const record of [...definition.records(value)].sort()) {
      yield record
      yield definition.encode(value, record) ?? ''
    }
  }

  /** It leaves memory. */
  free(): void {
    this.definition.free?.(this.value)
  }
}
