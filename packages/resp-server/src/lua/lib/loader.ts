import { LuaSyntaxError } from '../compiler/syntax-error.ts'
import type { LuaRuntime } from '../lua-runtime.ts'
import type { LuaContext } from '../runtime/context.ts'
import { LuaTable } from '../table.ts'
import { firstOf, type LuaFunction, LuaUserdata, type LuaValue } from '../value.ts'
import { type Args, checkFunction, checkString, optString } from './arguments.ts'

/** What compiling costs at least, in instructions. */
const COMPILE_COST = 4000

/** `loadstring` and `load`: what they compile sees the given globals. */
export function createLoaders(
  runtime: LuaRuntime,
  globals: () => LuaTable,
): Record<string, LuaFunction> {
  const { context } = runtime
  const load = (source: string, name: string): LuaValue[] => {
    context.charge(COMPILE_COST + source.length)
    try {
      return [runtime.compile(source, name).main(globals())]
    } catch (error) {
      if (error instanceof LuaSyntaxError) return [undefined, error.message]
      throw error
    }
  }
  return {
    loadstring(...args) {
      const source = checkString(context, args, 1)
      return load(source, optString(context, args, 2, source))
    },
    load(...args) {
      const reader = checkFunction(context, args, 1)
      const name = optString(context, args, 2, '=(load)')
      const { words } = context
      try {
        return load(readAll(context, reader), name)
      } catch (thrown) {
        // The reader runs protected.
        const error = context.caught(thrown)
        context.words = words
        return [undefined, error.value]
      }
    },
  }
}

/** Calls the reader until it gives nil or an empty string. */
function readAll(context: LuaContext, reader: LuaFunction): string {
  let source = ''
  for (;;) {
    const piece = firstOf(context.call(reader, []))
    if (piece === undefined || piece === '') return source
    if (typeof piece !== 'string') throw context.error('reader function must return a string')
    context.reserve(piece.length)
    source += piece
  }
}

/**
 * `setfenv`, `getfenv` and `newproxy`: deprecated in Redis, off unless asked for. Environments can
 * be set of functions whose chunk mentions one of the two; call levels are not supported.
 */
export function createDeprecated(
  runtime: LuaRuntime,
  globals: () => LuaTable,
): Record<string, LuaFunction> {
  const { context, environments } = runtime
  const target = (args: Args): LuaFunction => {
    const [value] = args
    if (typeof value === 'function') return value
    throw context.argumentError(1, 'function expected: call levels are not supported')
  }
  return {
    getfenv(...args) {
      if (typeof args[0] !== 'function') return globals()
      return environments.get(args[0])?.get() ?? globals()
    },
    setfenv(...args) {
      const fn = target(args)
      const env = args[1]
      if (!(env instanceof LuaTable)) throw context.argumentError(2, 'table expected')
      const cell = environments.get(fn)
      if (cell === undefined) {
        throw context.fail("'setfenv' cannot change environment of given object")
      }
      cell.set(env)
      return fn
    },
    newproxy(...args) {
      const proxy = new LuaUserdata()
      const [source] = args
      if (source === true) proxy.meta = new LuaTable()
      else if (source instanceof LuaUserdata) proxy.meta = source.meta
      else if (source !== undefined && source !== false) {
        throw context.argumentError(1, 'boolean or proxy expected')
      }
      return proxy
    },
  }
}
