import { formatG, numberToString } from '../number.ts'
import type { LuaContext } from '../runtime/context.ts'
import { LuaTable } from '../table.ts'
import { LUA_NULL, type LuaValue, typeName } from '../value.ts'

/** What `cjson.encode` can be told. */
export interface EncodeSettings {
  sparseConvert: boolean
  sparseRatio: number
  sparseSafe: number
  encodeMaxDepth: number
  encodeInvalidNumbers: 'off' | 'on' | 'null'
  numberPrecision: number
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what JSON escapes.
const ESCAPED = /["\\/\0-\x1f\x7f]/g
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what JSON escapes.
const NEEDS_ESCAPE = /["\\/\0-\x1f\x7f]/

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '/': '\\/',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\f': '\\f',
  '\r': '\\r',
}

/** Turns a Lua value into JSON by lua-cjson's rules. */
export class JsonEncoder {
  private readonly context: LuaContext
  private readonly settings: EncodeSettings

  constructor(context: LuaContext, settings: EncodeSettings) {
    this.context = context
    this.settings = settings
  }

  encode(value: LuaValue, depth: number): string {
    switch (typeof value) {
      case 'string':
        return quote(value)
      case 'number':
        return this.number(value)
      case 'boolean':
        return value ? 'true' : 'false'
      case 'undefined':
        return 'null'
      default:
        if (value instanceof LuaTable) return this.table(value, depth + 1)
        if (value === LUA_NULL) return 'null'
        throw this.exception(value, 'type not supported')
    }
  }

  private table(table: LuaTable, depth: number): string {
    if (depth > this.settings.encodeMaxDepth) {
      throw this.context.fail(`Cannot serialise, excessive nesting (${depth})`)
    }
    const length = this.arrayLength(table)
    const text = length > 0 ? this.array(table, length, depth) : this.object(table, depth)
    this.context.reserve(text.length)
    return text
  }

  /** The largest index of a table with nothing but positive integer keys, else -1. */
  private arrayLength(table: LuaTable): number {
    let max = 0
    let items = 0
    for (let at = table.nextCursor(0); at !== 0; at = table.nextCursor(at)) {
      const key = at > 0 ? at : table.cursorKey(at)
      if (typeof key !== 'number' || key < 1 || !Number.isInteger(key)) return -1
      if (key > max) max = key
      items++
    }
    const { sparseRatio, sparseSafe, sparseConvert } = this.settings
    if (sparseRatio > 0 && max > items * sparseRatio && max > sparseSafe) {
      if (!sparseConvert) throw this.exception(table, 'excessively sparse array')
      return -1
    }
    return max
  }

  private array(table: LuaTable, length: number, depth: number): string {
    let text = '['
    for (let i = 1; i <= length; i++) {
      if (i > 1) text += ','
      text += this.encode(table.getNumber(i), depth)
      if ((i & 1023) === 0) this.context.reserve(1024)
    }
    return `${text}]`
  }

  private object(table: LuaTable, depth: number): string {
    let text = '{'
    for (let at = table.nextCursor(0); at !== 0; at = table.nextCursor(at)) {
      if (text.length > 1) text += ','
      const key = table.cursorKey(at)
      if (typeof key === 'string') text += `${quote(key)}:`
      else if (typeof key === 'number') text += `"${this.number(key)}":`
      else throw this.exception(key, 'table key must be a number or string')
      text += this.encode(table.cursorValue(at), depth)
    }
    return `${text}}`
  }

  private number(value: number): string {
    const { encodeInvalidNumbers, numberPrecision } = this.settings
    if (!Number.isFinite(value)) {
      if (encodeInvalidNumbers === 'off') throw this.exception(value, 'must not be NaN or Inf')
      if (encodeInvalidNumbers === 'null') return 'null'
      return Number.isNaN(value) ? 'nan' : numberToString(value)
    }
    return numberPrecision === 14 ? numberToString(value) : formatG(value, numberPrecision)
  }

  private exception(value: LuaValue, reason: string): Error {
    return this.context.fail(`Cannot serialise ${typeName(value)}: ${reason}`)
  }
}

function quote(text: string): string {
  if (!NEEDS_ESCAPE.test(text)) return `"${text}"`
  const escaped = text.replace(ESCAPED, (c) => {
    const code = c.charCodeAt(0).toString(16).padStart(4, '0')
    return SHORT_ESCAPES[c] ?? `\\u${code}`
  })
  return `"${escaped}"`
}
