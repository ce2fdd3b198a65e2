import { toNumber } from '../runtime/arithmetic.ts'
import type { LuaContext } from '../runtime/context.ts'
import type { LuaTable } from '../table.ts'
import type { LuaResult, LuaValue } from '../value.ts'
import {
  type Args,
  checkNumber,
  checkString,
  libraryTable,
  optInteger,
  toUnsignedLong,
} from './arguments.ts'

const MAX_INTEGER_SIZE = 32
const DEFAULT_ALIGNMENT = 8
const INT_MAX = 0x7fff_ffff
/** A function gives about so many values at most. */
const MAX_RESULTS = 7995

const scratch = new DataView(new ArrayBuffer(8))

/** `struct.pack`, `unpack` and `size`: C structures as strings. */
export function createStructLibrary(context: LuaContext): LuaTable {
  return libraryTable({
    pack: (...args) => pack(context, args),
    unpack: (...args) => unpack(context, args),
    size: (...args) => size(context, args),
  })
}

/** Reads a format option by option, keeping byte order and alignment. */
class FormatReader {
  private readonly context: LuaContext
  private readonly format: string
  private at = 0
  private alignment = 1
  littleEndian = true
  option = ''
  size = 0

  constructor(context: LuaContext, format: string) {
    this.context = context
    // The format is a C string.
    this.format = format.split('\0', 1)[0] ?? ''
  }

  next(): boolean {
    const option = this.format[this.at]
    if (option === undefined) return false
    this.at++
    this.option = option
    this.size = this.sizeOf(option)
    return true
  }

  private sizeOf(option: string): number {
    switch (option) {
      case 'b':
      case 'B':
      case 'x':
        return 1
      case 'h':
      case 'H':
        return 2
      case 'f':
        return 4
      case 'l':
      case 'L':
      case 'T':
      case 'd':
        return 8
      case 'c':
        return this.number(1)
      case 'i':
      case 'I': {
        const bytes = this.number(4)
        if (bytes <= MAX_INTEGER_SIZE) return bytes
        throw this.context.fail(
          `integral size ${bytes} is larger than limit of ${MAX_INTEGER_SIZE}`,
        )
      }
      default:
        return 0
    }
  }

  private number(otherwise: number): number {
    let value = -1
    for (;;) {
      const digit = this.format.charCodeAt(this.at) - 48
      if (!(digit >= 0 && digit <= 9)) return value < 0 ? otherwise : value
      value = Math.max(value, 0) * 10 + digit
      if (value > INT_MAX) throw this.context.fail('integral size overflow')
      this.at++
    }
  }

  /** Bytes to skip at a position so that the option is aligned. */
  padding(position: number): number {
    if (this.size === 0 || this.option === 'c') return 0
    const unit = Math.min(this.size, this.alignment)
    return (unit - (position & (unit - 1))) & (unit - 1)
  }

  /** Byte order, alignment and blanks; anything else is an error. */
  control(): void {
    switch (this.option) {
      case ' ':
        return
      case '>':
        this.littleEndian = false
        return
      case '<':
        this.littleEndian = true
        return
      case '!': {
        const bytes = this.number(DEFAULT_ALIGNMENT)
        if (bytes === 0 || (bytes & (bytes - 1)) !== 0) {
          throw this.context.fail(`alignment ${bytes} is not a power of 2`)
        }
        this.alignment = bytes
        return
      }
      default:
        throw this.context.argumentError(1, `invalid format option '${this.option}'`)
    }
  }
}

function pack(context: LuaContext, given: Args): string {
  const reader = new FormatReader(context, checkString(context, given, 1))
  // Behind the last argument the library finds a nil of its own.
  const args = [...given, undefined]
  let result = ''
  let argument = 2
  while (reader.next()) {
    result += '\0'.repeat(reader.padding(result.length))
    switch (reader.option) {
      case 'b':
      case 'B':
      case 'h':
      case 'H':
      case 'l':
      case 'L':
      case 'T':
      case 'i':
      case 'I':
        result += packInteger(checkNumber(context, args, argument++), reader)
        break
      case 'x':
        result += '\0'
        break
      case 'f':
        scratch.setFloat32(0, checkNumber(context, args, argument++), reader.littleEndian)
        result += scratchText(4)
        break
      case 'd':
        scratch.setFloat64(0, checkNumber(context, args, argument++), reader.littleEndian)
        result += scratchText(8)
        break
      case 'c':
      case 's': {
        const text = checkString(context, args, argument++)
        const length = reader.size === 0 ? text.length : reader.size
        if (text.length < length) throw context.argumentError(argument, 'string too short')
        result += text.slice(0, length) + (reader.option === 's' ? '\0' : '')
        break
      }
      default:
        reader.control()
    }
    context.reserve(reader.size)
  }
  context.reserve(result.length)
  return result
}

function scratchText(length: number): string {
  let text = ''
  for (let i = 0; i < length; i++) text += String.fromCharCode(scratch.getUint8(i))
  return text
}

function packInteger(value: number, { size: bytes, littleEndian }: FormatReader): string {
  scratch.setBigUint64(0, toUnsignedLong(value), true)
  let text = ''
  for (let i = 0; i < bytes; i++) {
    const from = littleEndian ? i : bytes - 1 - i
    text += from < 8 ? String.fromCharCode(scratch.getUint8(from)) : '\0'
  }
  return text
}

function unpack(context: LuaContext, args: Args): LuaResult {
  const reader = new FormatReader(context, checkString(context, args, 1))
  const data = checkString(context, args, 2)
  let position = optInteger(context, args, 3, 1)
  if (position < 0) throw context.argumentError(2, 'data string too short')
  if (position === 0) throw context.argumentError(3, 'offset must be 1 or greater')
  position--
  const values: LuaValue[] = []
  while (reader.next()) {
    position += reader.padding(position)
    requireBytes(context, data, position, reader.size)
    if (values.length >= MAX_RESULTS) throw context.fail('stack overflow (too many results)')
    position += unpackOne(context, reader, data, { position, values })
  }
  values.push(position + 1)
  return values
}

function requireBytes(context: LuaContext, data: string, position: number, bytes: number): void {
  if (bytes > data.length || position > data.length - bytes) {
    throw context.argumentError(2, 'data string too short')
  }
}

interface Target {
  readonly position: number
  readonly values: LuaValue[]
}

/** Reads one option and gives how many bytes it took. */
function unpackOne(
  context: LuaContext,
  reader: FormatReader,
  data: string,
  target: Target,
): number {
  const { position, values } = target
  const { option, size: bytes } = reader
  switch (option) {
    case 'b':
    case 'B':
    case 'h':
    case 'H':
    case 'l':
    case 'L':
    case 'T':
    case 'i':
    case 'I':
      values.push(unpackInteger(data, position, reader))
      return bytes
    case 'x':
      return bytes
    case 'f':
    case 'd':
      for (let i = 0; i < bytes; i++) scratch.setUint8(i, data.charCodeAt(position + i))
      values.push(
        option === 'f'
          ? scratch.getFloat32(0, reader.littleEndian)
          : scratch.getFloat64(0, reader.littleEndian),
      )
      return bytes
    case 'c': {
      const length = bytes > 0 ? bytes : previousSize(context, values)
      requireBytes(context, data, position, length)
      values.push(data.slice(position, position + length))
      return length
    }
    case 's': {
      const end = data.indexOf('\0', position)
      if (end < 0) throw context.fail('unfinished string in data')
      values.push(data.slice(position, end))
      return end - position + 1
    }
    default:
      reader.control()
      return bytes
  }
}

/** `c0` takes its length from the value before it. */
function previousSize(context: LuaContext, values: LuaValue[]): number {
  const length = toNumber(values.at(-1))
  if (length === undefined) throw context.fail("format 'c0' needs a previous size")
  values.pop()
  return length < 0 ? Number.POSITIVE_INFINITY : Math.trunc(length)
}

function unpackInteger(data: string, position: number, reader: FormatReader): number {
  const { size: bytes, littleEndian, option } = reader
  if (bytes === 0) return 0
  let word = 0n
  for (let i = 0; i < bytes; i++) {
    const from = littleEndian ? bytes - 1 - i : i
    word = BigInt.asUintN(64, (word << 8n) | BigInt(data.charCodeAt(position + from)))
  }
  const isSigned = option === option.toLowerCase()
  return Number(isSigned ? BigInt.asIntN(Math.min(bytes, 8) * 8, word) : word)
}

function size(context: LuaContext, args: Args): number {
  const reader = new FormatReader(context, checkString(context, args, 1))
  let position = 0
  while (reader.next()) {
    position += reader.padding(position)
    if (reader.option === 's') throw context.argumentError(1, "option 's' has no fixed size")
    if (reader.option === 'c' && reader.size === 0) {
      throw context.argumentError(1, "option 'c0' has no fixed size")
    }
    if (!/[\da-zA-Z]/.test(reader.option)) reader.control()
    position += reader.size
  }
  return position
}
