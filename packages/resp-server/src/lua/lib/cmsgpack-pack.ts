import { LuaTable } from '../table.ts'
import type { LuaValue } from '../value.ts'

/** Tables nested deeper become nil, so that cycles end. */
const MAX_NESTING = 16
const FIRST_CAPACITY = 512
const INT_MAX = 0x7fff_ffff
const INT_MIN = -0x8000_0000

/** Writes Lua values as MessagePack with the smallest forms, floats as 32 bits where exact. */
export class MessagePacker {
  private bytes: Buffer = Buffer.allocUnsafe(FIRST_CAPACITY)
  private at = 0
  private readonly reserve: (bytes: number) => void

  /** `reserve` is told of memory before it is taken. */
  constructor(reserve: (bytes: number) => void) {
    this.reserve = reserve
  }

  finish(): string {
    return this.bytes.toString('latin1', 0, this.at)
  }

  pack(value: LuaValue, level = 0): void {
    switch (typeof value) {
      case 'string':
        this.string(value)
        break
      case 'boolean':
        this.head(value ? 0xc3 : 0xc2)
        break
      case 'number':
        this.number(value)
        break
      default:
        if (value instanceof LuaTable && level < MAX_NESTING) this.table(value, level)
        else this.head(0xc0)
    }
  }

  private room(count: number): void {
    const needed = this.at + count
    if (needed <= this.bytes.length) return
    this.reserve(needed * 2)
    const larger = Buffer.allocUnsafe(needed * 2)
    this.bytes.copy(larger, 0, 0, this.at)
    this.bytes = larger
  }

  private head(byte: number): void {
    this.room(1)
    this.bytes[this.at++] = byte
  }

  /** A type byte with a big-endian number behind it. */
  private headWith(byte: number, value: number, size: 1 | 2 | 4): void {
    this.room(1 + size)
    this.bytes[this.at++] = byte
    for (let shift = (size - 1) * 8; shift >= 0; shift -= 8) {
      this.bytes[this.at++] = (value >>> shift) & 255
    }
  }

  private string(text: string): void {
    const { length } = text
    if (length < 32) this.head(0xa0 | length)
    else if (length <= 0xff) this.headWith(0xd9, length, 1)
    else if (length <= 0xffff) this.headWith(0xda, length, 2)
    else this.headWith(0xdb, length, 4)
    this.room(length)
    this.at += this.bytes.write(text, this.at, 'latin1')
  }

  private number(value: number): void {
    const isLong = Math.trunc(value) === value && value >= -(2 ** 63) && value < 2 ** 63
    if (isLong) this.integer(value)
    else if (Math.fround(value) === value) {
      this.room(5)
      this.bytes[this.at] = 0xca
      this.at = this.bytes.writeFloatBE(value, this.at + 1)
    } else {
      this.room(9)
      this.bytes[this.at] = 0xcb
      this.at = this.bytes.writeDoubleBE(value, this.at + 1)
      // The processor's default NaN has the sign bit set.
      if (Number.isNaN(value)) this.bytes[this.at - 8] = 0xff
    }
  }

  private integer(value: number): void {
    if (value >= 0) {
      if (value <= 127) this.head(value)
      else if (value <= 0xff) this.headWith(0xcc, value, 1)
      else if (value <= 0xffff) this.headWith(0xcd, value, 2)
      else if (value <= 0xffff_ffff) this.headWith(0xce, value, 4)
      else this.long(0xcf, value)
    } else if (value >= -32) this.head(value & 255)
    else if (value >= -128) this.headWith(0xd0, value, 1)
    else if (value >= -32768) this.headWith(0xd1, value, 2)
    else if (value >= INT_MIN) this.headWith(0xd2, value, 4)
    else this.long(0xd3, value)
  }

  private long(byte: number, value: number): void {
    this.room(9)
    this.bytes[this.at] = byte
    this.at = this.bytes.writeBigInt64BE(BigInt(value), this.at + 1)
  }

  private table(table: LuaTable, level: number): void {
    if (!isArray(table)) {
      this.map(table, level)
      return
    }
    const length = table.length()
    if (length <= 15) this.head(0x90 | length)
    else if (length <= 0xffff) this.headWith(0xdc, length, 2)
    else this.headWith(0xdd, length, 4)
    for (let i = 1; i <= length; i++) this.pack(table.getNumber(i), level + 1)
  }

  private map(table: LuaTable, level: number): void {
    let length = 0
    for (let at = table.nextCursor(0); at !== 0; at = table.nextCursor(at)) length++
    if (length <= 15) this.head(0x80 | length)
    else if (length <= 0xffff) this.headWith(0xde, length, 2)
    else this.headWith(0xdf, length, 4)
    for (let at = table.nextCursor(0); at !== 0; at = table.nextCursor(at)) {
      this.pack(table.cursorKey(at), level + 1)
      this.pack(table.cursorValue(at), level + 1)
    }
  }
}

/** Nothing but the keys 1 to n; an empty table too. */
function isArray(table: LuaTable): boolean {
  let max = 0
  let count = 0
  for (let at = table.nextCursor(0); at !== 0; at = table.nextCursor(at)) {
    const key = table.cursorKey(at)
    if (typeof key !== 'number' || key <= 0 || key > INT_MAX || !Number.isInteger(key)) return false
    if (key > max) max = key
    count++
  }
  return max === count
}
