import type { LuaValue } from './value.ts'

/** Up to this many hash keys are searched one by one, more get an index. */
const LINEAR_KEYS = 12

/** Shared by every table without an array part; never written. */
const EMPTY_ARRAY: LuaValue[] = [undefined]
/** Shared by every table without a hash part; never written. */
const EMPTY_HASH: LuaValue[] = [undefined]

/**
 * A Lua table: an array part for 1..n and an insertion-ordered hash part.
 *
 * The array part holds element `n` at `array[n]` (`array[0]` is always nil) and never ends in nil,
 * so its length is a border. The hash part is two parallel lists of slots from 1; a removed key
 * keeps its slot with a nil value until a later insertion compacts, so a traversal survives
 * removals. Key number `array.length` is never in the hash part.
 *
 * Every list starts with undefined: then the engine keeps all of them as lists of anything, and
 * code that meets many tables sees one kind.
 */
export class LuaTable {
  array: LuaValue[] = EMPTY_ARRAY
  keys: LuaValue[] = EMPTY_HASH
  vals: LuaValue[] = EMPTY_HASH
  private index: Map<LuaValue, number> | undefined = undefined
  private dead = 0
  /** Change it by {@link setMeta}. */
  meta: LuaTable | undefined = undefined
  /** A protected table refuses writes by scripts; the host's raw writes still work. */
  isProtected = false
  /** Neither a metatable nor protected: writes need no further thought. */
  plain = true
  /** Where `__index` was found last, when this is a metatable. */
  private indexSlot = 0

  /**
   * A table of the given array and fields; takes ownership of the lists, each of which starts with
   * undefined.
   */
  static of(items: LuaValue[], keys?: LuaValue[], vals?: LuaValue[]): LuaTable {
    const table = new LuaTable()
    if (items.length > 1) {
      table.array = items
      if (items[items.length - 1] === undefined) table.trim()
    }
    if (keys !== undefined && vals !== undefined && keys.length > 1) {
      table.keys = keys
      table.vals = vals
      if (keys.length > LINEAR_KEYS + 1) table.buildIndex()
    }
    return table
  }

  /** A table of the list's values, or of those from one place to before another, at 1..n. */
  static fromList(values: readonly LuaValue[], from = 0, to: number = values.length): LuaTable {
    const items: LuaValue[] = [undefined]
    for (let at = from; at < to; at++) items.push(values[at])
    return LuaTable.of(items)
  }

  setMeta(meta: LuaTable | undefined): void {
    this.meta = meta
    this.plain = meta === undefined && !this.isProtected
  }

  protect(): void {
    this.isProtected = true
    this.plain = false
  }

  /** The `__index` of a metatable. */
  indexHandler(): LuaValue {
    if (this.keys[this.indexSlot] === '__index') return this.vals[this.indexSlot]
    this.indexSlot = this.findSlot('__index')
    return this.vals[this.indexSlot]
  }

  get(key: LuaValue): LuaValue {
    return typeof key === 'number' ? this.getNumber(key) : this.getHash(key)
  }

  getNumber(key: number): LuaValue {
    const { array } = this
    if (key > 0 && key < array.length && (key | 0) === key) return array[key]
    return this.keys === EMPTY_HASH ? undefined : this.getHash(key)
  }

  /** Looks in the hash part only: for keys that are no positive integers. */
  getHash(key: LuaValue): LuaValue {
    return this.vals[this.findSlot(key)]
  }

  /** The slot of a key in the hash part, 0 without one: slot 0 always holds nil. */
  findSlot(key: LuaValue): number {
    if (this.index !== undefined) {
      const slot = this.index.get(key)
      return slot === undefined ? 0 : slot
    }
    const { keys } = this
    for (let slot = keys.length - 1; slot > 0; slot--) if (keys[slot] === key) return slot
    return 0
  }

  /** Writes without metamethods or protection; the key must be neither nil nor NaN. */
  set(key: LuaValue, value: LuaValue): void {
    if (typeof key === 'number') this.setNumber(key, value)
    else this.setHash(key, value)
  }

  setNumber(key: number, value: LuaValue): void {
    const { array } = this
    const { length } = array
    if (key > 0 && key <= length && (key | 0) === key) {
      if (key < length) {
        array[key] = value
        if (value === undefined && key === length - 1) this.trim()
      } else if (value !== undefined) {
        this.append(value)
      }
    } else {
      this.setHash(key, value)
    }
  }

  /** Writes element `length + 1`; the value must not be nil. */
  append(value: LuaValue): void {
    if (this.array === EMPTY_ARRAY) this.array = [undefined, value]
    else this.array.push(value)
    if (this.keys !== EMPTY_HASH) this.migrate()
  }

  setHash(key: LuaValue, value: LuaValue): void {
    const slot = this.findSlot(key)
    if (slot > 0) {
      const { vals } = this
      if (value === undefined) {
        if (vals[slot] !== undefined) this.dead++
      } else if (vals[slot] === undefined) {
        this.dead--
      }
      vals[slot] = value
    } else if (value !== undefined) {
      this.insert(key, value)
    }
  }

  /** A border: `n` with element `n` and without element `n + 1`. */
  length(): number {
    return this.array.length - 1
  }

  /** The cursor after the given one, 0 at the end; start with 0. Removals do not disturb it. */
  nextCursor(cursor: number): number {
    let slot = 1 - cursor
    if (cursor >= 0) {
      const { array } = this
      for (let at = cursor + 1; at < array.length; at++) if (array[at] !== undefined) return at
      slot = 1
    }
    const { vals } = this
    for (; slot < vals.length; slot++) if (vals[slot] !== undefined) return -slot
    return 0
  }

  cursorKey(cursor: number): LuaValue {
    return cursor > 0 ? cursor : this.keys[-cursor]
  }

  cursorValue(cursor: number): LuaValue {
    return cursor > 0 ? this.array[cursor] : this.vals[-cursor]
  }

  /** The cursor that stands on a key, 0 for nil, undefined when the key was never here. */
  cursorOf(key: LuaValue): number | undefined {
    if (key === undefined) return 0
    const isIndex = typeof key === 'number' && key > 0 && (key | 0) === key
    if (isIndex && key < this.array.length) return key
    const slot = this.findSlot(key)
    if (slot > 0) return -slot
    // An array element that was removed under the traversal: go on behind the array.
    return isIndex ? key : undefined
  }

  /** Inserts before `at`, moving the rest up; `1 <= at <= length + 1`. */
  insertAt(at: number, value: LuaValue): void {
    if (at === this.array.length) this.append(value)
    else this.array.splice(at, 0, value)
    if (this.keys !== EMPTY_HASH) this.migrate()
  }

  /** Removes element `at` of the array part, moving the rest down. */
  removeAt(at: number): LuaValue {
    const { array } = this
    const value = array[at]
    if (at === array.length - 1) array.pop()
    else array.splice(at, 1)
    this.trim()
    return value
  }

  private trim(): void {
    const { array } = this
    // one by one: to set the length of a list costs as much as popping twenty values
    while (array.length > 1 && array[array.length - 1] === undefined) array.pop()
  }

  private insert(key: LuaValue, value: LuaValue): void {
    if (this.keys === EMPTY_HASH) {
      this.keys = [undefined, key]
      this.vals = [undefined, value]
      return
    }
    if (this.dead > LINEAR_KEYS && this.dead * 2 > this.keys.length) this.compact()
    const slot = this.keys.push(key === 0 ? 0 : key) - 1
    this.vals.push(value)
    if (this.index !== undefined) this.index.set(key, slot)
    else if (slot > LINEAR_KEYS) this.buildIndex()
  }

  /** Moves what follows the array part out of the hash part. */
  private migrate(): void {
    for (;;) {
      const slot = this.findSlot(this.array.length)
      const value = this.vals[slot]
      if (value === undefined) return
      this.vals[slot] = undefined
      this.dead++
      this.array.push(value)
    }
  }

  private compact(): void {
    const keys: LuaValue[] = [undefined]
    const vals: LuaValue[] = [undefined]
    for (let slot = 1; slot < this.keys.length; slot++) {
      if (this.vals[slot] === undefined) continue
      keys.push(this.keys[slot])
      vals.push(this.vals[slot])
    }
    this.keys = keys
    this.vals = vals
    this.dead = 0
    this.index = undefined
    if (keys.length > LINEAR_KEYS + 1) this.buildIndex()
  }

  private buildIndex(): void {
    const index = new Map<LuaValue, number>()
    for (let slot = 1; slot < this.keys.length; slot++) index.set(this.keys[slot], slot)
    this.index = index
  }
}
