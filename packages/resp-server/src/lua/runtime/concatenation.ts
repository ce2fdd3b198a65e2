import { numberToString } from '../number.ts'
import { LuaTable } from '../table.ts'
import type { LuaValue } from '../value.ts'
import type { LuaContext } from './context.ts'

export interface Concatenation {
  concat(a: LuaValue, b: LuaValue, site: number): LuaValue
  /** `a..b..c`; the site of operand `i` is `site + i`. */
  concatMany(values: LuaValue[], site: number): LuaValue
  length(value: LuaValue, site: number): number
}

export function createConcatenation(context: LuaContext): Concatenation {
  function concat(a: LuaValue, b: LuaValue, site: number): LuaValue {
    if (typeof a === 'string' && typeof b === 'string') {
      const { length } = a
      context.reserve(length + b.length)
      return a + b
    }
    return concatPair(a, b, site, site + 1)
  }

  function concatPair(a: LuaValue, b: LuaValue, siteA: number, siteB: number): LuaValue {
    const left = textOf(a)
    const right = textOf(b)
    if (left !== undefined && right !== undefined) {
      context.reserve(left.length + right.length)
      return left + right
    }
    const handler = context.metamethod(a, '__concat') ?? context.metamethod(b, '__concat')
    if (handler !== undefined) return context.callMeta(handler, a, b)
    if (left === undefined) throw context.typeError('concatenate', a, siteA)
    throw context.typeError('concatenate', b, siteB)
  }

  function concatMany(values: LuaValue[], site: number): LuaValue {
    let text = ''
    for (const value of values) {
      if (typeof value === 'string') text += value
      else if (typeof value === 'number') text += numberToString(value)
      else return concatFromRight(values, site)
    }
    context.reserve(text.length)
    return text
  }

  function concatFromRight(values: LuaValue[], site: number): LuaValue {
    const last = values.length - 1
    let result = values[last]
    for (let i = last - 1; i >= 0; i--) {
      result = concatPair(values[i], result, site + i, i === last - 1 ? site + last : 0)
    }
    return result
  }

  function length(value: LuaValue, site: number): number {
    if (value instanceof LuaTable) return value.array.length - 1
    if (typeof value === 'string') return value.length
    const handler = context.metamethod(value, '__len')
    if (handler === undefined) throw context.typeError('get length of', value, site)
    const result = context.callMeta(handler, value)
    // The compiler takes every length for a number.
    if (typeof result !== 'number') throw context.fail("'__len' must return a number")
    return result
  }

  return { concat, concatMany, length }
}

/** Strings and numbers as text; undefined for anything else. */
export function textOf(value: LuaValue): string | undefined {
  if (typeof value === 'string') return value
  return typeof value === 'number' ? numberToString(value) : undefined
}
