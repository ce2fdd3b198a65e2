import { LuaTable } from '../table.ts'
import {
  firstOf,
  type LuaFunction,
  type LuaResult,
  type LuaValue,
  listOf,
  NOTHING,
} from '../value.ts'
import { type Access, createAccess } from './access.ts'
import { type Arithmetic, createArithmetic } from './arithmetic.ts'
import { type Comparison, createComparison } from './comparison.ts'
import { type Concatenation, createConcatenation } from './concatenation.ts'
import type { LuaContext } from './context.ts'
import { createGenerators, type Generators } from './generators.ts'

/** What generated code uses; it takes the names that it needs from this object. */
export interface Support
  extends Access,
    Arithmetic,
    Comparison,
    Concatenation,
    Generators,
    Constructors,
    Iteration {
  readonly c: LuaContext
  readonly Table: typeof LuaTable
  readonly none: readonly LuaValue[]
  first(result: LuaResult): LuaValue
  list(result: LuaResult): readonly LuaValue[]
  /** The `arg` table of a vararg function. */
  args(values: LuaValue[]): LuaTable
  /** Makes the environment of a closure accessible to setfenv and getfenv. */
  closure(fn: LuaFunction, get: () => LuaTable, set: (env: LuaTable) => void): LuaFunction
}

/** Table constructors. */
interface Constructors {
  /** Positional items; `items[0]` is undefined. */
  arrayTable(items: LuaValue[]): LuaTable
  recordTable(items: LuaValue[], keys: LuaValue[], vals: LuaValue[]): LuaTable
  /** Values in source order; the layout has `p` for a value, `k` for a key and its value. */
  orderedTable(layout: string, values: LuaValue[], rest?: readonly LuaValue[]): LuaTable
}

interface Iteration {
  readonly next: LuaFunction
  readonly ipairsNext: LuaFunction
  /** 1: walk the table by cursor, 2: walk it by index, 0: call the iterator. */
  walkMode(f: LuaValue, s: LuaValue, c: LuaValue): 0 | 1 | 2
}

/** The environment of closures that setfenv can change. */
export interface EnvironmentCell {
  get(): LuaTable
  set(env: LuaTable): void
}

export function createSupport(
  context: LuaContext,
  environments: WeakMap<LuaFunction, EnvironmentCell>,
): Support {
  return {
    ...createAccess(context),
    ...createArithmetic(context),
    ...createComparison(context),
    ...createConcatenation(context),
    ...createGenerators(context),
    ...createConstructors(context),
    ...createIteration(context),
    c: context,
    Table: LuaTable,
    none: NOTHING,
    first: firstOf,
    list: listOf,
    args: (values) =>
      LuaTable.of([undefined, ...values], [undefined, 'n'], [undefined, values.length]),
    closure(fn, get, set) {
      environments.set(fn, { get, set })
      return fn
    },
  }
}

function createConstructors(context: LuaContext): Constructors {
  function arrayTable(items: LuaValue[]): LuaTable {
    if (items.length > 64) context.reserve(items.length * 8)
    return LuaTable.of(items)
  }

  function orderedTable(
    layout: string,
    values: LuaValue[],
    rest: readonly LuaValue[] = NOTHING,
  ): LuaTable {
    const items: LuaValue[] = [undefined]
    const pairs: LuaValue[] = []
    let at = 0
    for (const kind of layout) {
      if (kind === 'k') pairs.push(values[at++], values[at++])
      else items.push(values[at++])
    }
    for (const value of rest) items.push(value)
    const table = arrayTable(items)
    for (let i = 0; i < pairs.length; i += 2) {
      const key = pairs[i]
      if (key === undefined) throw context.fail('table index is nil')
      if (typeof key === 'number' && Number.isNaN(key)) throw context.fail('table index is NaN')
      // Positional items are stored last, over computed keys of the same number.
      if (!(typeof key === 'number' && key > 0 && key < items.length && Number.isInteger(key))) {
        table.set(key, pairs[i + 1])
      }
    }
    return table
  }

  return {
    arrayTable,
    recordTable: (items, keys, vals) => LuaTable.of(items, keys, vals),
    orderedTable,
  }
}

function createIteration(context: LuaContext): Iteration {
  const next: LuaFunction = (table, key) => {
    if (!(table instanceof LuaTable)) throw badTable(context, table)
    const from = table.cursorOf(key)
    if (from === undefined) throw context.error("invalid key to 'next'")
    const cursor = table.nextCursor(from)
    if (cursor === 0) return undefined
    return [table.cursorKey(cursor), table.cursorValue(cursor)]
  }
  const ipairsNext: LuaFunction = (table, index) => {
    if (!(table instanceof LuaTable) || typeof index !== 'number') throw badTable(context, table)
    const value = table.getNumber(index + 1)
    return value === undefined ? NOTHING : [index + 1, value]
  }
  return {
    next,
    ipairsNext,
    walkMode(f, s, c) {
      if (!(s instanceof LuaTable)) return 0
      if (f === next && c === undefined) return 1
      return f === ipairsNext && c === 0 ? 2 : 0
    },
  }
}

function badTable(context: LuaContext, value: LuaValue): Error {
  const what = value === undefined ? 'no value' : typeof value
  return context.argumentError(1, `table expected, got ${what}`)
}
