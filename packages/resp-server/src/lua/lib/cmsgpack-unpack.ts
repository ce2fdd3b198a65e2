import type { LuaContext } from '../runtime/context.ts'
import { LuaTable } from '../table.ts'
import type { LuaValue } from '../value.ts'

/** What is wrong with the input; thrown inside the reader only. */
const MISSING = 'Missing bytes in input.'
const BAD_FORMAT = 'Bad data format in input.'

/** Arrays and maps may nest this deep; C would run out of its own stack. */
const MAX_DEPTH = 1000

/** Reads MessagePack values one after the other. */
export class MessageUnpacker {
  private readonly context: LuaContext
  private readonly view: Buffer
  private readonly data: string
  private at: number
  private depth = 0

  constructor(context: LuaContext, data: string, offset: number) {
    this.context = context
    this.data = data
    this.view = Buffer.from(data, 'latin1')
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
    const byte = this.take(1)
    const type = this.view[byte] as number
    if (type < 0x80) return type
    if (type >= 0xe0) return type - 256
    if (type < 0x90) return this.map(type & 15)
    if (type < 0xa0) return this.array(type & 15)
    if (type < 0xc0) return this.string(type & 31)
    return this.readTyped(type)
  }

  private readTyped(type: number): LuaValue {
    const { view } = this
    switch (type) {
      case 0xc0:
        return undefined
      case 0xc2:
      case 0xc3:
        return type === 0xc3
      case 0xca:
        return view.readFloatBE(this.take(4))
      case 0xcb:
        return view.readDoubleBE(this.take(8))
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.unsigned(2 ** (type - 0xcc))
      case 0xd0:
        return view.readInt8(this.take(1))
      case 0xd1:
        return view.readInt16BE(this.take(2))
      case 0xd2:
        return view.readInt32BE(this.take(4))
      // The library reads unsigned 64-bit numbers as signed ones.
      case 0xcf:
      case 0xd3:
        return Number(view.readBigInt64BE(this.take(8)))
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
    return this.view.readUIntBE(this.take(size), size)
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
      const key = this.read()
      const value = this.read()
      if (key === undefined) throw this.context.error('table index is nil')
      if (Number.isNaN(key)) throw this.context.error('table index is NaN')
      table.set(key, value)
    }
    this.depth--
    return table
  }

  private descend(): void {
    if (++this.depth > MAX_DEPTH) throw this.context.fail('stack overflow (message nests too deep)')
  }
}
