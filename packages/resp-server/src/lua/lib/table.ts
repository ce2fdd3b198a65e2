import { textOf } from '../runtime/concatenation.ts'
import type { LuaContext } from '../runtime/context.ts'
import type { Support } from '../runtime/support.ts'
import type { LuaTable } from '../table.ts'
import { firstOf, type LuaFunction, type LuaValue, NOTHING, typeName } from '../value.ts'
import {
  type Args,
  checkFunction,
  checkInt,
  checkTable,
  libraryTable,
  optString,
} from './arguments.ts'
import { createTableSort } from './table-sort.ts'

/** The table library. */
export function createTableLibrary(context: LuaContext, support: Support): LuaTable {
  return libraryTable({
    ...createListFunctions(context),
    ...createForEach(context),
    sort: createTableSort(context, support),
  })
}

/** The table argument of a function that writes. */
export function writableTable(context: LuaContext, args: Args): LuaTable {
  const table = checkTable(context, args, 1)
  if (table.isProtected) throw context.error('Attempt to modify a readonly table')
  return table
}

function createListFunctions(context: LuaContext): Record<string, LuaFunction> {
  return {
    insert(...args) {
      const table = checkTable(context, args, 1)
      if (args.length !== 2 && args.length !== 3) {
        throw context.fail("wrong number of arguments to 'insert'")
      }
      const position = args.length === 3 ? checkInt(context, args, 2) : table.length() + 1
      writableTable(context, args)
      insert(context, table, position, args[args.length - 1])
      return NOTHING
    },
    remove(...args) {
      const table = checkTable(context, args, 1)
      const length = table.length()
      const position = args[1] === undefined ? length : checkInt(context, args, 2)
      if (position < 1 || position > length) return NOTHING
      writableTable(context, args)
      context.charge((length - position) >> 5)
      return table.removeAt(position)
    },
    concat(...args) {
      const table = checkTable(context, args, 1)
      const separator = optString(context, args, 2, '')
      const from = args[2] === undefined ? 1 : checkInt(context, args, 3)
      const to = args[3] === undefined ? table.length() : checkInt(context, args, 4)
      return concat(context, table, { separator, from, to })
    },
    getn: (...args) => checkTable(context, args, 1).length(),
    setn(...args) {
      checkTable(context, args, 1)
      throw context.fail("'setn' is obsolete")
    },
    maxn(...args) {
      const table = checkTable(context, args, 1)
      let max = 0
      for (let at = table.nextCursor(0); at !== 0; at = table.nextCursor(at)) {
        const key = table.cursorKey(at)
        if (typeof key === 'number' && key > max) max = key
      }
      return max
    },
  }
}

function insert(context: LuaContext, table: LuaTable, position: number, value: LuaValue): void {
  const end = table.length() + 1
  if (position >= 1 && position < end) {
    context.charge((end - position) >> 5)
    if (value === undefined && position === end) return
    table.insertAt(position, value)
    return
  }
  // Before the first element: what stands there moves up one by one.
  for (let i = end; i > position; i--) {
    table.set(i, table.get(i - 1))
    context.charge(1)
  }
  table.set(position, value)
}

interface Range {
  readonly separator: string
  readonly from: number
  readonly to: number
}

function concat(context: LuaContext, table: LuaTable, { separator, from, to }: Range): string {
  let text = ''
  for (let i = from; i <= to; i++) {
    const value = table.getNumber(i)
    const part = typeof value === 'string' ? value : textOf(value)
    if (part === undefined) {
      throw context.fail(`invalid value (${typeName(value)}) at index ${i} in table for 'concat'`)
    }
    text += i < to ? part + separator : part
  }
  context.reserve(text.length)
  context.charge(Math.max(to - from, 0) >> 4)
  return text
}

function createForEach(context: LuaContext): Record<string, LuaFunction> {
  return {
    foreach(...args) {
      const table = checkTable(context, args, 1)
      const fn = checkFunction(context, args, 2)
      for (let at = table.nextCursor(0); at !== 0; at = table.nextCursor(at)) {
        const result = firstOf(context.call(fn, [table.cursorKey(at), table.cursorValue(at)]))
        if (result !== undefined) return result
      }
      return NOTHING
    },
    foreachi(...args) {
      const table = checkTable(context, args, 1)
      const fn = checkFunction(context, args, 2)
      const length = table.length()
      for (let i = 1; i <= length; i++) {
        const result = firstOf(context.call(fn, [i, table.getNumber(i)]))
        if (result !== undefined) return result
      }
      return NOTHING
    },
  }
}
