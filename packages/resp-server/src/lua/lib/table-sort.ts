import type { LuaContext } from '../runtime/context.ts'
import type { Support } from '../runtime/support.ts'
import type { LuaTable } from '../table.ts'
import { firstOf, isTruthy, type LuaFunction, type LuaValue, NOTHING } from '../value.ts'
import { checkFunction, checkTable } from './arguments.ts'

type Less = (a: LuaValue, b: LuaValue) => boolean

/**
 * `table.sort`: Lua's quicksort, step by step, because equal elements and inconsistent orders show
 * how it works. Lists of plain numbers or strings show nothing and take the engine's sort.
 */
export function createTableSort(context: LuaContext, support: Support): LuaFunction {
  return (...args) => {
    const table = checkTable(context, args, 1)
    const length = table.length()
    if (table.isProtected && length > 1) throw context.error('Attempt to modify a readonly table')
    if (args[1] === undefined) {
      context.charge(length >> 2)
      if (sortPlain(table)) return NOTHING
      quicksort(context, table, support.lessFromLibrary, length)
      return NOTHING
    }
    const comparator = checkFunction(context, args, 2)
    const less: Less = (a, b) => isTruthy(firstOf(context.call(comparator, [a, b])))
    quicksort(context, table, less, length)
    return NOTHING
  }
}

/** Sorts when all elements are strings, or all are numbers that have an order. */
function sortPlain(table: LuaTable): boolean {
  const { array } = table
  const kind = typeof array[1]
  if (kind !== 'string' && kind !== 'number') return false
  for (let i = 1; i < array.length; i++) {
    const value = array[i]
    if (typeof value !== kind || Number.isNaN(value)) return false
  }
  const items = array.slice(1)
  if (kind === 'string') items.sort()
  else items.sort((a, b) => (a as number) - (b as number))
  for (let i = 0; i < items.length; i++) array[i + 1] = items[i]
  return true
}

function quicksort(context: LuaContext, table: LuaTable, less: Less, length: number): void {
  const get = (i: number): LuaValue => table.getNumber(i)
  const swap = (i: number, j: number): void => {
    const value = get(i)
    table.set(i, get(j))
    table.set(j, value)
  }
  /** Sorts three places and keeps the middle one as pivot; gives where the parts meet. */
  const partition = (low: number, high: number): number => {
    const pivot = get(high - 1)
    let i = low
    let j = high - 1
    for (;;) {
      while (less(get(++i), pivot)) if (i > high) throw badOrder(context)
      while (less(pivot, get(--j))) if (j < low) throw badOrder(context)
      if (j < i) break
      swap(i, j)
    }
    swap(high - 1, i)
    return i
  }
  const sort = (from: number, to: number): void => {
    let low = from
    let high = to
    while (low < high) {
      if (less(get(high), get(low))) swap(low, high)
      if (high - low === 1) return
      const middle = Math.floor((low + high) / 2)
      if (less(get(middle), get(low))) swap(middle, low)
      else if (less(get(high), get(middle))) swap(middle, high)
      if (high - low === 2) return
      swap(middle, high - 1)
      const meet = partition(low, high)
      // The shorter part by recursion, the longer one by the loop.
      if (meet - low < high - meet) {
        sort(low, meet - 1)
        low = meet + 1
      } else {
        sort(meet + 1, high)
        high = meet - 1
      }
    }
  }
  sort(1, length)
}

function badOrder(context: LuaContext): Error {
  return context.fail('invalid order function for sorting')
}
