import { parseNumberPrefix } from '../number.ts'
import type { LuaContext } from '../runtime/context.ts'
import { LuaTable } from '../table.ts'
import { LUA_NULL, type LuaValue } from '../value.ts'

/** What `cjson.decode` can be told. */
export interface DecodeSettings {
  decodeMaxDepth: number
  decodeInvalidNumbers: boolean
}

type TokenType =
  | 'T_OBJ_BEGIN'
  | 'T_OBJ_END'
  | 'T_ARR_BEGIN'
  | 'T_ARR_END'
  | 'T_STRING'
  | 'T_NUMBER'
  | 'T_BOOLEAN'
  | 'T_NULL'
  | 'T_COLON'
  | 'T_COMMA'
  | 'T_END'
  | 'T_ERROR'

const PUNCTUATION: Readonly<Record<number, TokenType>> = {
  123: 'T_OBJ_BEGIN',
  125: 'T_OBJ_END',
  91: 'T_ARR_BEGIN',
  93: 'T_ARR_END',
  44: 'T_COMMA',
  58: 'T_COLON',
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  t: '\t',
  n: '\n',
  f: '\f',
  r: '\r',
}

const HEX4 = /^[\da-fA-F]{4}/
const QUOTE = 34
const BACKSLASH = 92

/** Reads JSON into Lua values by lua-cjson's rules, with its error texts. */
export class JsonDecoder {
  private readonly context: LuaContext
  private readonly settings: DecodeSettings
  private readonly text: string
  private at = 0
  private depth = 0
  /** The current token: type, where it starts, its value, or what is wrong with it. */
  private type: TokenType = 'T_END'
  private start = 0
  private value: LuaValue = undefined
  private problem = ''

  constructor(context: LuaContext, settings: DecodeSettings, text: string) {
    this.context = context
    this.settings = settings
    // The text is a C string: a zero byte ends it.
    const end = text.indexOf('\0')
    this.text = end < 0 ? text : text.slice(0, end)
  }

  decode(): LuaValue {
    this.next()
    const value = this.processValue()
    this.next()
    if (this.type !== 'T_END') throw this.unexpected('the end')
    return value
  }

  private processValue(): LuaValue {
    switch (this.type) {
      case 'T_STRING':
      case 'T_NUMBER':
      case 'T_BOOLEAN':
        return this.value
      case 'T_NULL':
        return LUA_NULL
      case 'T_OBJ_BEGIN':
        return this.object()
      case 'T_ARR_BEGIN':
        return this.array()
      default:
        throw this.unexpected('value')
    }
  }

  private object(): LuaValue {
    this.descend()
    const table = new LuaTable()
    let type = this.next()
    while (type !== 'T_OBJ_END') {
      if (type !== 'T_STRING') throw this.unexpected('object key string')
      const key = this.value
      if (this.next() !== 'T_COLON') throw this.unexpected('colon')
      this.next()
      table.setHash(key, this.processValue())
      type = this.next()
      if (type === 'T_OBJ_END') break
      if (type !== 'T_COMMA') throw this.unexpected('comma or object end')
      type = this.next()
      if (type === 'T_OBJ_END') throw this.unexpected('object key string')
    }
    this.depth--
    return table
  }

  private array(): LuaValue {
    this.descend()
    const items: LuaValue[] = [undefined]
    let type = this.next()
    while (type !== 'T_ARR_END') {
      items.push(this.processValue())
      type = this.next()
      if (type === 'T_ARR_END') break
      if (type !== 'T_COMMA') throw this.unexpected('comma or array end')
      if (this.next() === 'T_ARR_END') throw this.unexpected('value')
    }
    this.depth--
    return LuaTable.of(items)
  }

  private descend(): void {
    if (++this.depth <= this.settings.decodeMaxDepth) return
    throw this.context.fail(
      `Found too many nested data structures (${this.depth}) at character ${this.at}`,
    )
  }

  private unexpected(wanted: string): Error {
    const found = this.type === 'T_ERROR' ? this.problem : this.type
    return this.context.fail(`Expected ${wanted} but found ${found} at character ${this.start + 1}`)
  }

  private next(): TokenType {
    const { text } = this
    let c = text.charCodeAt(this.at)
    while (c === 32 || c === 10 || c === 13 || c === 9) c = text.charCodeAt(++this.at)
    this.start = this.at
    const punctuation = PUNCTUATION[c]
    if (punctuation !== undefined) {
      this.type = punctuation
      this.at++
    } else if (c === QUOTE) {
      this.string()
    } else if (c === 45 || (c >= 48 && c <= 57)) {
      this.digits()
    } else {
      this.word(c)
    }
    return this.type
  }

  private fail(problem: string): void {
    this.type = 'T_ERROR'
    this.problem = problem
    this.start = this.at
  }

  private word(c: number): void {
    const { text, at } = this
    if (Number.isNaN(c)) {
      this.type = 'T_END'
    } else if (text.startsWith('true', at)) {
      this.constant('T_BOOLEAN', true, 4)
    } else if (text.startsWith('false', at)) {
      this.constant('T_BOOLEAN', false, 5)
    } else if (text.startsWith('null', at)) {
      this.constant('T_NULL', undefined, 4)
    } else if (
      /^[iInN+]/.test(text[at] ?? '') &&
      this.settings.decodeInvalidNumbers &&
      this.isOddNumber()
    ) {
      this.number()
    } else {
      this.fail('invalid token')
    }
  }

  private constant(type: TokenType, value: LuaValue, length: number): void {
    this.type = type
    this.value = value
    this.at += length
  }

  private digits(): void {
    if (!this.settings.decodeInvalidNumbers && this.isOddNumber()) this.fail('invalid number')
    else this.number()
  }

  /** A number that strtod reads but JSON does not have: +1, 0x1, 01, inf, nan. */
  private isOddNumber(): boolean {
    return /^(?:\+|-?0[xX\d]|-?inf|-?nan)/i.test(this.text.slice(this.at, this.at + 8))
  }

  private number(): void {
    const { text } = this
    let end = this.at
    let c = text.charCodeAt(end)
    while ((c >= 48 && c <= 57) || c === 46 || c === 45 || c === 43 || c > 64) {
      c = text.charCodeAt(++end)
    }
    const { value, length } = parseNumberPrefix(text.slice(this.at, end))
    if (length === 0) {
      this.fail('invalid number')
      return
    }
    this.constant('T_NUMBER', value, length)
  }

  private string(): void {
    const { text } = this
    let from = ++this.at
    let result = ''
    for (;;) {
      const c = text.charCodeAt(this.at)
      if (c === QUOTE) break
      if (Number.isNaN(c)) {
        this.fail('unexpected end of string')
        return
      }
      if (c !== BACKSLASH) {
        this.at++
        continue
      }
      result += text.slice(from, this.at)
      const escaped = this.escape()
      if (escaped === undefined) return
      result += escaped
      from = this.at
    }
    this.value = result + text.slice(from, this.at)
    this.at++
    this.type = 'T_STRING'
  }

  /** What the escape at the current place stands for; undefined when it is wrong. */
  private escape(): string | undefined {
    const letter = this.text[this.at + 1] ?? ''
    if (letter !== 'u') {
      const plain = ESCAPES[letter]
      if (plain === undefined) this.fail('invalid escape code')
      else this.at += 2
      return plain
    }
    const point = this.codePoint()
    if (point === undefined) {
      this.fail('invalid unicode escape code')
      return undefined
    }
    return Buffer.from(String.fromCodePoint(point)).toString('latin1')
  }

  /** Reads `\uXXXX`, or two of them for a surrogate pair. */
  private codePoint(): number | undefined {
    const first = this.hex(this.at + 2)
    if (first === undefined) return undefined
    if ((first & 0xf800) !== 0xd800) {
      this.at += 6
      return first
    }
    if ((first & 0x400) !== 0 || !this.text.startsWith('\\u', this.at + 6)) return undefined
    const second = this.hex(this.at + 8)
    if (second === undefined || (second & 0xfc00) !== 0xdc00) return undefined
    this.at += 12
    return (((first & 0x3ff) << 10) | (second & 0x3ff)) + 0x10000
  }

  private hex(at: number): number | undefined {
    const digits = HEX4.exec(this.text.slice(at, at + 4))
    return digits === null ? undefined : Number.parseInt(digits[0], 16)
  }
}
