import { luaMod, luaPow } from '../arithmetic-rules.ts'
import { stringToNumber } from '../number.ts'
import type { LuaValue } from '../value.ts'
import type { LuaContext } from './context.ts'

/** Arithmetic on what the generated code found not to be two numbers. */
export interface Arithmetic {
  add(a: LuaValue, b: LuaValue, siteA: number, siteB: number): LuaValue
  sub(a: LuaValue, b: LuaValue, siteA: number, siteB: number): LuaValue
  mul(a: LuaValue, b: LuaValue, siteA: number, siteB: number): LuaValue
  div(a: LuaValue, b: LuaValue, siteA: number, siteB: number): LuaValue
  slowMod(a: LuaValue, b: LuaValue, siteA: number, siteB: number): LuaValue
  slowPow(a: LuaValue, b: LuaValue, siteA: number, siteB: number): LuaValue
  minus(a: LuaValue, site: number): LuaValue
  mod(a: number, b: number): number
  pow(a: number, b: number): number
  /** A bound of a numeric loop. */
  forNumber(value: LuaValue, which: 'initial' | 'limit' | 'step'): number
}

/** A number, or a string that reads as one. */
export function toNumber(value: LuaValue): number | undefined {
  if (typeof value === 'number') return value
  return typeof value === 'string' ? stringToNumber(value) : undefined
}

type SlowOperation = (a: LuaValue, b: LuaValue, siteA: number, siteB: number) => LuaValue

export function createArithmetic(context: LuaContext): Arithmetic {
  const slow = (event: string, compute: (a: number, b: number) => number): SlowOperation => {
    return (a, b, siteA, siteB) => {
      const left = toNumber(a)
      const right = toNumber(b)
      if (left !== undefined && right !== undefined) return compute(left, right)
      const handler = context.metamethod(a, event) ?? context.metamethod(b, event)
      if (handler !== undefined) return context.callMeta(handler, a, b)
      // The first operand is blamed unless it would do.
      if (left === undefined) throw context.typeError('perform arithmetic on', a, siteA)
      throw context.typeError('perform arithmetic on', b, siteB)
    }
  }
  return {
    add: slow('__add', (a, b) => a + b),
    sub: slow('__sub', (a, b) => a - b),
    mul: slow('__mul', (a, b) => a * b),
    div: slow('__div', (a, b) => a / b),
    slowMod: slow('__mod', luaMod),
    slowPow: slow('__pow', luaPow),
    minus(a, site) {
      if (typeof a === 'number') return -a
      const value = toNumber(a)
      if (value !== undefined) return -value
      const handler = context.metamethod(a, '__unm')
      if (handler !== undefined) return context.callMeta(handler, a, a)
      throw context.typeError('perform arithmetic on', a, site)
    },
    mod: luaMod,
    pow: luaPow,
    forNumber(value, which) {
      const number = toNumber(value)
      if (number !== undefined) return number
      const what = which === 'initial' ? 'initial value' : which
      throw context.fail(`'for' ${what} must be a number`)
    },
  }
}
