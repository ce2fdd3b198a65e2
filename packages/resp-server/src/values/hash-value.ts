import { Collection, type EncodingLimits } from './collection.ts'
import { IndexedMap } from './indexed-map.ts'

/** Fields with string values. Small hashes keep insertion order. */
export class HashValue extends Collection {
  readonly type = 'hash'
  readonly #fields = new IndexedMap<string>()
  #longest = 0
  #most = 0

  get size(): number {
    return this.#fields.size
  }

  get fields(): readonly string[] {
    return this.#fields.keys
  }

  get values(): readonly string[] {
    return this.#fields.values
  }

  get(field: string): string | undefined {
    return this.#fields.get(field)
  }

  has(field: string): boolean {
    return this.#fields.has(field)
  }

  /** True when the field is new. */
  set(field: string, value: string): boolean {
    const isNew = this.restoreElement(field, value)
    this.touch(field)
    return isNew
  }

  delete(field: string): boolean {
    if (!this.#fields.delete(field)) return false
    this.touch(field)
    return true
  }

  encodeElement(field: string): string | undefined {
    return this.#fields.get(field)
  }

  restoreElement(field: string, value: string): boolean {
    const isNew = this.#fields.set(field, value)
    const longest = Math.max(field.length, value.length)
    if (longest > this.#longest) this.#longest = longest
    if (this.#fields.size > this.#most) this.#most = this.#fields.size
    return isNew
  }

  touchAll(): void {
    for (const field of this.#fields.keys) this.touch(field)
  }

  clone(): HashValue {
    const copy = new HashValue()
    for (let at = 0; at < this.size; at += 1) {
      copy.restoreElement(this.fields[at] as string, this.values[at] as string)
    }
    return copy
  }

  encoding(limits: EncodingLimits): string {
    const small =
      this.#most <= limits.hashMaxListpackEntries && this.#longest <= limits.hashMaxListpackValue
    return small ? 'listpack' : 'hashtable'
  }

  memoryBytes(): number {
    return 200 + this.#fields.size * 56 + this.#fields.bytes
  }
}
