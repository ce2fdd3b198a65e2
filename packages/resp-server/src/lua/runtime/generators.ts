import type { LuaFunction, LuaResult, LuaValue } from '../value.ts'
import type { LuaContext } from './context.ts'

/** The suspended body of a Lua function: yields lists of values, is resumed with lists. */
export type LuaGenerator = Generator<readonly LuaValue[], LuaResult, readonly LuaValue[]>

/** A function that can yield: called as a plain function it must not, as `body` it may. */
export interface YieldingFunction {
  (...args: LuaValue[]): LuaResult
  body?: (...args: LuaValue[]) => LuaGenerator
}

export interface Generators {
  /** Makes a Lua function of a generator function. */
  gen(body: (...args: LuaValue[]) => LuaGenerator): LuaFunction
  /** `x instanceof Running` tells generators from Lua values. */
  readonly Running: () => void
}

const YIELD_REFUSED = 'attempt to yield across metamethod/C-call boundary'

export function createGenerators(context: LuaContext): Generators {
  function gen(body: (...args: LuaValue[]) => LuaGenerator): LuaFunction {
    // Called by library code, which cannot be suspended.
    const fn: YieldingFunction = (...args) => {
      const running = body(...args)
      let step = running.next([])
      while (step.done !== true) step = running.throw(context.error(YIELD_REFUSED))
      return step.value
    }
    fn.body = body
    return fn
  }

  // A stand-in for the prototype that all generator objects share; it has no constructor.
  const Running = function Running(): void {}
  const sample = Object.getPrototypeOf(function* () {}) as { prototype: object }
  Running.prototype = sample.prototype
  return { gen, Running }
}
