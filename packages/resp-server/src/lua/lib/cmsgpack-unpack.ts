import type { LuaContext } from '../runtime/context.ts'
import { LuaTable } from '../table.ts'
import type { LuaValue } from '../value.ts'
import { FieldNames } from './field-names.ts'

/** What is wrong with the input; thrown inside the reader only. */
const MISSING = 'Missing bytes in input.'
const BAD_FORMAT = 'Bad data format in input.'

/** Arrays and maps may nest this deep; C would run out of its own stack. */
const MAX_DEPTH = 1000

/** Where the bytes of floats and 64-bit integers are put together. */
const scratch = new DataView(new ArrayBuffer(8))
const names = new FieldNames()

/** Reads MessagePack values one after the other. */
export class MessageUnpacker {
  private readonly context: LuaContext
  private readonly data: string
  private at: number
  private depth = 0

  constructor(context: LuaContext, data: string, offset: number) {
    this.context = context
    this.data = data
    this.at = offset
  }

  get isAtEnd(): boolean {
    return this.at >= this.data.length
  }

  /** Where the next value starts. */
  get offset(): number {
    return this.at
  }

  read(): LuaValue {
    const type = this.data.charCodeAt(this.take(1))
    if (type < 0x80) return type
    if (type >= 0xe0) return type - 256
    if (type < 0x90) return this.map(type & 15)
    if (type < 0xa0) return this.array(type & 15)
    if (type < 0xc0) return this.string(type & 31)
    return this.readTyped(type)
  }

  private readTyped(type: number): LuaValue {
    switch (type) {
      case 0xc0:
        return undefined
      case 0xc2:
      case 0xc3:
        return type === 0xc3
      case 0xca:
        return this.copied(4).getFloat32(0)
      case 0xcb:
        return this.copied(8).getFloat64(0)
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.unsigned(2 ** (type - 0xcc))
      case 0xd0:
        return (this.unsigned(1) << 24) >> 24
      case 0xd1:
        return (this.unsigned(2) << 16) >> 16
      case 0xd2:
        return this.unsigned(4) | 0
      // The library reads unsigned 64-bit numbers as signed ones.
      case 0xcf:
      case 0xd3:
        return Number(this.copied(8).getBigInt64(0))
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.string(this.unsigned(2 ** (type - 0xd9)))
      case 0xdc:
      case 0xdd:
        return this.array(this.unsigned(type === 0xdc ? 2 : 4))
      case 0xde:
      case 0xdf:
        return this.map(this.unsigned(type === 0xde ? 2 : 4))
      default:
        throw this.context.fail(BAD_FORMAT)
    }
  }

  /** Moves over bytes and gives where they start. */
  private take(count: number): number {
    const { at } = this
    if (this.data.length - at < count) throw this.context.fail(MISSING)
    this.at = at + count
    return at
  }

  private unsigned(size: number): number {
    const { data } = this
    const from = this.take(size)
    let value = 0
    for (let at = from; at < from + size; at++) value = value * 256 + data.charCodeAt(at)
    return value
  }

  private copied(size: number): DataView {
    const from = this.take(size)
    for (let at = 0; at < size; at++) scratch.setUint8(at, this.data.charCodeAt(from + at))
    return scratch
  }

  private string(length: number): LuaValue {
    const from = this.take(length)
    return this.data.slice(from, from + length)
  }

  /** The count is a claim: elements are read before room for them is made. */
  private array(length: number): LuaValue {
    this.descend()
    const items: LuaValue[] = [undefined]
    for (let i = 0; i < length; i++) items.push(this.read())
    this.depth--
    return LuaTable.of(items)
  }

  private map(length: number): LuaValue {
    this.descend()
    const table = new LuaTable()
    for (let i = 0; i < length; i++) {
      const key = this.name()
      const value = this.read()
      if (key === undefined) throw this.context.error('table index is nil')
      if (Number.isNaN(key)) throw this.context.error('table index is NaN')
      table.set(key, value)
    }
    this.depth--
    return table
  }

  /** A key: a short string is one of the names that came before, more often than not. */
  private name(): LuaValue {
    const { data, at } = this
    const type = data.charCodeAt(at)
    if (!(type >= 0xa0 && type < 0xc0)) return this.read()
    this.take(1)
    const from = this.take(type & 31)
    return names.within(data, from, this.at)
  }

  private descend(): void {
    if (++this.depth > MAX_DEPTH) throw this.context.fail('stack overflow (message nests too deep)')
  }
}
