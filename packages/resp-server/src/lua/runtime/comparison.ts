import { LuaTable } from '../table.ts'
import { isTruthy, LuaUserdata, type LuaValue, typeName } from '../value.ts'
import type { LuaContext } from './context.ts'

export interface Comparison {
  less(a: LuaValue, b: LuaValue): boolean
  lessEqual(a: LuaValue, b: LuaValue): boolean
  equal(a: LuaValue, b: LuaValue): boolean
  /** `a < b` for library code, whose errors have no position. */
  lessFromLibrary(a: LuaValue, b: LuaValue): boolean
}

/** Comparing texts longer than this is charged for. */
const LONG_TEXT = 4096

/** `attempt to compare two table values`. */
export function compareMessage(a: LuaValue, b: LuaValue): string {
  const left = typeName(a)
  const right = typeName(b)
  // Lua decides by the third letter of the type names.
  if (left[2] === right[2]) return `attempt to compare two ${left} values`
  return `attempt to compare ${left} with ${right}`
}

export function createComparison(context: LuaContext): Comparison {
  /** undefined when the values have no order. */
  function order(a: LuaValue, b: LuaValue, orEqual: boolean): boolean | undefined {
    if (typeof a === 'number' && typeof b === 'number') return orEqual ? a <= b : a < b
    if (typeof a === 'string' && typeof b === 'string') {
      if (a.length > LONG_TEXT) context.charge(a.length >> 8)
      return orEqual ? a <= b : a < b
    }
    if (typeName(a) !== typeName(b)) return undefined
    if (orEqual) {
      const handler = sharedHandler(a, b, '__le')
      if (handler !== undefined) return isTruthy(context.callMeta(handler, a, b))
      const reverse = sharedHandler(b, a, '__lt')
      return reverse === undefined ? undefined : !isTruthy(context.callMeta(reverse, b, a))
    }
    const handler = sharedHandler(a, b, '__lt')
    return handler === undefined ? undefined : isTruthy(context.callMeta(handler, a, b))
  }

  /** The metamethod when both values have the same one. */
  function sharedHandler(a: LuaValue, b: LuaValue, event: string): LuaValue {
    const handler = context.metamethod(a, event)
    return handler !== undefined && handler === context.metamethod(b, event) ? handler : undefined
  }

  return {
    less(a, b) {
      const result = order(a, b, false)
      if (result === undefined) throw context.fail(compareMessage(a, b))
      return result
    },
    lessEqual(a, b) {
      const result = order(a, b, true)
      if (result === undefined) throw context.fail(compareMessage(a, b))
      return result
    },
    lessFromLibrary(a, b) {
      const result = order(a, b, false)
      if (result === undefined) throw context.error(compareMessage(a, b))
      return result
    },
    equal(a, b) {
      if (a === b) return true
      if (typeof a === 'string' || typeof b === 'string') {
        if (typeof a === 'string' && a.length > LONG_TEXT) context.charge(a.length >> 8)
        return false
      }
      const areTables = a instanceof LuaTable && b instanceof LuaTable
      if (!areTables && !(a instanceof LuaUserdata && b instanceof LuaUserdata)) return false
      if (a.meta === undefined || b.meta === undefined) return false
      const handler = sharedHandler(a, b, '__eq')
      return handler !== undefined && isTruthy(context.callMeta(handler, a, b))
    },
  }
}
