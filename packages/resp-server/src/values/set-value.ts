import { Collection, type EncodingLimits } from './collection.ts'
import type { IndexedKeys } from './indexed-keys.ts'
import { IndexedSet } from './indexed-set.ts'
import { parseInteger } from './numbers.ts'

/** Distinct members. All-integer small sets list in numeric order, as an intset does. */
export class SetValue extends Collection {
  readonly type = 'set'
  readonly #members = new IndexedSet()
  #longest = 0
  #most = 0
  #integersOnly = true
  #ordered = true

  override get elements(): IndexedKeys {
    return this.#members
  }

  get size(): number {
    return this.#members.size
  }

  has(member: string): boolean {
    return this.#members.has(member)
  }

  add(member: string): boolean {
    if (!this.restoreElement(member)) return false
    this.touchAt(member, this.size - 1)
    return true
  }

  delete(member: string): boolean {
    if (!this.#members.delete(member)) return false
    this.touch(member)
    return true
  }

  /** In the order in which Redis would list them where it defines one. */
  members(limits: EncodingLimits): readonly string[] {
    if (this.#ordered || this.encoding(limits) !== 'intset') return this.#members.keys
    return [...this.#members.keys].sort((a, b) => Number(a) - Number(b))
  }

  /** Dense and in no particular order: for random picks and scans. */
  get dense(): readonly string[] {
    return this.#members.keys
  }

  encodeElement(member: string, slot: number): string | undefined {
    return this.#members.slotNear(member, slot) === -1 ? undefined : ''
  }

  restoreElement(member: string): boolean {
    if (this.#members.has(member)) return false
    this.#members.add(member)
    if (member.length > this.#longest) this.#longest = member.length
    if (this.#members.size > this.#most) this.#most = this.#members.size
    if (this.#integersOnly && parseInteger(member) === undefined) this.#integersOnly = false
    this.#ordered = this.#members.size === 1
    return true
  }

  touchAll(): void {
    for (let slot = 0; slot < this.size; slot += 1) this.touchAt(this.dense[slot] as string, slot)
  }

  clone(): SetValue {
    const copy = new SetValue()
    for (const member of this.#members.keys) copy.restoreElement(member)
    return copy
  }

  encoding(limits: EncodingLimits): string {
    if (this.#integersOnly && this.#most <= limits.setMaxIntsetEntries) return 'intset'
    const small =
      this.#most <= limits.setMaxListpackEntries && this.#longest <= limits.setMaxListpackValue
    return small ? 'listpack' : 'hashtable'
  }

  memoryBytes(): number {
    return 200 + this.#members.size * 48 + this.#members.bytes
  }
}
