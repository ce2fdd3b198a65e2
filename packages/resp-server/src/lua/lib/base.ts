import { stringToNumber } from '../number.ts'
import type { LuaContext } from '../runtime/context.ts'
import type { Support } from '../runtime/support.ts'
import { LuaTable } from '../table.ts'
import { isTruthy, type LuaFunction, type LuaValue, listOf, NOTHING, typeName } from '../value.ts'
import {
  checkAny,
  checkInt,
  checkString,
  checkTable,
  libraryTable,
  optInteger,
  optString,
  toLong,
} from './arguments.ts'
import { luaToString } from './tostring.ts'

/** `unpack` gives at most so many values, less its own arguments. */
const MAX_RESULTS = 8000

/** The basic functions, without those that compile or change environments. */
export function createBaseLibrary(context: LuaContext, support: Support): LuaTable {
  return libraryTable({
    ...createProtectedCalls(context),
    ...createTableFunctions(context, support),
    ...createMetatableFunctions(context),
    ...createConversions(context),
    ...createErrorFunctions(context),
    ...createMiscellany(context),
    _VERSION: 'Lua 5.1',
  })
}

function createProtectedCalls(context: LuaContext): Record<string, LuaFunction> {
  return {
    pcall(fn, ...args) {
      const { words, thread, protectedCalls } = context
      context.protectedCalls = protectedCalls + 1
      try {
        const result = context.call(fn, args)
        return Array.isArray(result) ? [true, ...result] : [true, result]
      } catch (thrown) {
        const error = context.caught(thrown)
        context.words = words
        context.thread = thread
        return [false, caughtValue(error.value)]
      } finally {
        context.protectedCalls = protectedCalls
      }
    },
    xpcall(...args) {
      checkAny(context, args, 2)
      const [fn, handler] = args
      const { words, thread, protectedCalls } = context
      context.protectedCalls = protectedCalls + 1
      try {
        return [true, ...listOf(context.call(fn, []))]
      } catch (thrown) {
        const error = context.caught(thrown)
        context.words = words
        context.thread = thread
        return [false, ...listOf(context.call(handler, [error.value]))]
      } finally {
        context.protectedCalls = protectedCalls
      }
    },
  }
}

/** Redis' pcall gives the text of error tables, as before Redis 7 made them tables. */
function caughtValue(value: LuaValue): LuaValue {
  if (!(value instanceof LuaTable)) return value
  const text = value.get('err')
  return typeof text === 'string' || typeof text === 'number' ? text : value
}

function createTableFunctions(context: LuaContext, support: Support): Record<string, LuaFunction> {
  return {
    next(...args) {
      checkTable(context, args, 1)
      return support.next(args[0], args[1])
    },
    pairs(...args) {
      return [support.next, checkTable(context, args, 1), undefined]
    },
    ipairs(...args) {
      return [support.ipairsNext, checkTable(context, args, 1), 0]
    },
    rawget(...args) {
      const table = checkTable(context, args, 1)
      checkAny(context, args, 2)
      return table.get(args[1])
    },
    rawset(...args) {
      const table = checkTable(context, args, 1)
      checkAny(context, args, 3)
      const key = args[1]
      if (table.isProtected) throw context.error('Attempt to modify a readonly table')
      if (key === undefined) throw context.error('table index is nil')
      if (typeof key === 'number' && Number.isNaN(key)) throw context.error('table index is NaN')
      table.set(key, args[2])
      return table
    },
    rawequal(...args) {
      return checkAny(context, args, 1) === checkAny(context, args, 2)
    },
    unpack(...args) {
      const table = checkTable(context, args, 1)
      const from = optInteger(context, args, 2, 1)
      const to = args[2] === undefined ? table.length() : checkInt(context, args, 3)
      if (from > to) return NOTHING
      const count = to - from + 1
      if (count + args.length > MAX_RESULTS) throw context.fail('too many results to unpack')
      const values: LuaValue[] = []
      for (let i = from; i <= to; i++) values.push(table.getNumber(i))
      context.charge(count >> 4)
      return values
    },
    select(...args) {
      if (args[0] === '#') return args.length - 1
      const at = checkInt(context, args, 1)
      const start = at < 0 ? args.length + at : Math.min(at, args.length)
      if (start < 1) throw context.argumentError(1, 'index out of range')
      return args.slice(start)
    },
  }
}

function createMetatableFunctions(context: LuaContext): Record<string, LuaFunction> {
  return {
    getmetatable(...args) {
      const meta = context.metatableOf(checkAny(context, args, 1))
      return meta?.get('__metatable') ?? meta
    },
    setmetatable(...args) {
      const table = checkTable(context, args, 1)
      const meta = args[1]
      if (args.length < 2 || !(meta === undefined || meta instanceof LuaTable)) {
        throw context.argumentError(2, 'nil or table expected')
      }
      if (table.meta?.get('__metatable') !== undefined) {
        throw context.fail('cannot change a protected metatable')
      }
      if (table.isProtected) throw context.error('Attempt to modify a readonly table')
      table.setMeta(meta)
      return table
    },
  }
}

function createConversions(context: LuaContext): Record<string, LuaFunction> {
  return {
    type(...args) {
      return typeName(checkAny(context, args, 1))
    },
    tostring(...args) {
      return luaToString(context, checkAny(context, args, 1))
    },
    tonumber(...args) {
      const base = args[1] === undefined ? 10 : checkInt(context, args, 2)
      if (base === 10) {
        const value = checkAny(context, args, 1)
        if (typeof value === 'number') return value
        return typeof value === 'string' ? stringToNumber(value) : undefined
      }
      const text = checkString(context, args, 1)
      if (base < 2 || base > 36) throw context.argumentError(2, 'base out of range')
      return parseInBase(text, base)
    },
  }
}

const IN_BASE = /^[ \t-\r]*([-+]?)(?:0[xX](?=[\da-zA-Z]))?([\da-zA-Z]+)[ \t-\r]*$/
const IN_OTHER_BASE = /^[ \t-\r]*([-+]?)([\da-zA-Z]+)[ \t-\r]*$/

const UNSIGNED_MAX = 2n ** 64n - 1n

/** `strtoul`: an unsigned long, negative text wraps around. */
function parseInBase(text: string, base: number): number | undefined {
  const match = (base === 16 ? IN_BASE : IN_OTHER_BASE).exec(text)
  if (match === null) return undefined
  let value = 0n
  let isTooLarge = false
  for (const letter of match[2] as string) {
    const digit = Number.parseInt(letter, 36)
    if (digit >= base) return undefined
    if (!isTooLarge) value = value * BigInt(base) + BigInt(digit)
    isTooLarge ||= value > UNSIGNED_MAX
  }
  if (isTooLarge) return Number(UNSIGNED_MAX)
  return Number(match[1] === '-' ? BigInt.asUintN(64, -value) : value)
}

function createErrorFunctions(context: LuaContext): Record<string, LuaFunction> {
  return {
    error(...args) {
      const [value] = args
      const level = args[1] === undefined ? 1 : checkInt(context, args, 2)
      const isText = typeof value === 'string' || typeof value === 'number'
      if (!isText || level <= 0) throw context.error(value)
      throw context.fail(String(luaToString(context, value)), level)
    },
    assert(...args) {
      if (isTruthy(checkAny(context, args, 1))) return args
      throw context.fail(optString(context, args, 2, 'assertion failed!'))
    },
  }
}

function createMiscellany(context: LuaContext): Record<string, LuaFunction> {
  const kilobytes = (): number => context.limits.heapUsedBytes() / 1024
  return {
    collectgarbage(...args) {
      const option = optString(context, args, 1, 'collect')
      if (option === 'count') return kilobytes()
      // The collector is the engine's own: asking it is allowed and changes nothing.
      if (GC_OPTIONS.has(option)) return option === 'step' ? false : 0
      throw context.argumentError(1, `invalid option '${option}'`)
    },
    gcinfo: () => toLong(kilobytes()),
  }
}

const GC_OPTIONS = new Set(['stop', 'restart', 'collect', 'step', 'setpause', 'setstepmul'])
