import type { LuaContext } from '../runtime/context.ts'
import type { LuaTable } from '../table.ts'
import { type LuaFunction, type LuaValue, NOTHING } from '../value.ts'
import {
  checkFunction,
  checkInt,
  checkInteger,
  checkString,
  libraryTable,
  optInteger,
} from './arguments.ts'
import { luaFormat } from './string-format.ts'
import { createStringSearch } from './string-search.ts'

/** `string.byte` gives at most so many values, less its own arguments. */
const MAX_RESULTS = 8000
const BEYOND_ASCII = /[^\0-\x7f]/

/** The string library. */
export function createStringLibrary(context: LuaContext): LuaTable {
  return libraryTable({
    ...createBasics(context),
    ...createSlices(context),
    ...createStringSearch(context),
    format: (...args) => luaFormat(context, args),
    dump(...args) {
      checkFunction(context, args, 1)
      throw context.fail('unable to dump given function')
    },
  })
}

function createBasics(context: LuaContext): Record<string, LuaFunction> {
  /** Accounts for a text of the same length. */
  const made = (text: string): string => {
    context.reserve(text.length)
    return text
  }
  return {
    len: (...args) => checkString(context, args, 1).length,
    lower: (...args) => lower(made(checkString(context, args, 1))),
    upper: (...args) => upper(made(checkString(context, args, 1))),
    reverse(...args) {
      const text = made(checkString(context, args, 1))
      return Buffer.from(text, 'latin1').reverse().toString('latin1')
    },
    rep(...args) {
      const text = checkString(context, args, 1)
      const count = checkInt(context, args, 2)
      if (count <= 0 || text === '') return ''
      context.reserve(text.length * count)
      return text.repeat(count)
    },
    char(...args) {
      let text = ''
      for (let i = 1; i <= args.length; i++) {
        const code = checkInt(context, args, i)
        if ((code & 255) !== code) throw context.argumentError(i, 'invalid value')
        text += String.fromCharCode(code)
      }
      return text
    },
  }
}

/** Only ASCII letters have cases in the C locale. */
function lower(text: string): string {
  if (!BEYOND_ASCII.test(text)) return text.toLowerCase()
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}

function upper(text: string): string {
  if (!BEYOND_ASCII.test(text)) return text.toUpperCase()
  return text.replace(/[a-z]+/g, (letters) => letters.toUpperCase())
}

function createSlices(context: LuaContext): Record<string, LuaFunction> {
  return {
    sub(...args) {
      const text = checkString(context, args, 1)
      const { length } = text
      let from = checkInteger(context, args, 2)
      let to = optInteger(context, args, 3, -1)
      if (from < 0) from = Math.max(from + length + 1, 1)
      else if (from === 0) from = 1
      if (to < 0) to += length + 1
      return from > to ? '' : text.slice(from - 1, Math.min(to, length))
    },
    byte(...args) {
      const text = checkString(context, args, 1)
      const { length } = text
      let from = optInteger(context, args, 2, 1)
      if (from < 0) from += length + 1
      let to = optInteger(context, args, 3, from)
      if (to < 0) to += length + 1
      from = Math.max(from, 1)
      to = Math.min(to, length)
      if (from > to) return NOTHING
      if (from === to) return text.charCodeAt(from - 1)
      if (to - from + 1 + args.length > MAX_RESULTS) {
        throw context.fail('stack overflow (string slice too long)')
      }
      const codes: LuaValue[] = []
      for (let i = from; i <= to; i++) codes.push(text.charCodeAt(i - 1))
      return codes
    },
  }
}
