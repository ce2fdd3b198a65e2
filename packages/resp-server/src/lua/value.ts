import type { LuaTable } from './table.ts'

/**
 * A Lua 5.1 value as JavaScript sees it. `nil` is `undefined`, a string holds one byte per UTF-16
 * unit (latin1), a function is a JavaScript function that follows {@link LuaFunction}.
 */
export type LuaValue =
  | undefined
  | boolean
  | number
  | string
  | LuaTable
  | LuaFunction
  | LuaUserdata
  | LuaThread

/** What a call gives back: one value as it is, any other number of values as an array. */
export type LuaResult = LuaValue | readonly LuaValue[]

/** A callable: positional arguments, missing ones are nil; see {@link LuaResult} for results. */
export type LuaFunction = (...args: LuaValue[]) => LuaResult

/** The result of a function that returns no value; never mutated. */
export const NOTHING: readonly LuaValue[] = []

/** Userdata: an opaque identity that may have a metatable; `tag` is what `tostring` shows. */
export class LuaUserdata {
  readonly tag: string | undefined
  meta: LuaTable | undefined = undefined

  constructor(tag?: string) {
    this.tag = tag
  }
}

/** A suspended or running coroutine; the coroutine library owns the fields. */
export class LuaThread {
  state: 'suspended' | 'running' | 'normal' | 'dead' = 'suspended'
  /** The generator of the body, once started by a first resume. */
  body: Generator<readonly LuaValue[], LuaResult, readonly LuaValue[]> | undefined = undefined
  entry: LuaFunction

  constructor(entry: LuaFunction) {
    this.entry = entry
  }
}

/** The null light userdata: what `cjson.null` is. */
export const LUA_NULL: LuaUserdata = new LuaUserdata('userdata: (nil)')

/** The value of a result where one value is wanted. */
export function firstOf(result: LuaResult): LuaValue {
  return Array.isArray(result) ? (result[0] as LuaValue) : (result as LuaValue)
}

/** The values of a result where all are wanted. */
export function listOf(result: LuaResult): readonly LuaValue[] {
  return Array.isArray(result) ? (result as readonly LuaValue[]) : [result as LuaValue]
}

/** Neither nil nor false. */
export function isTruthy(value: LuaValue): boolean {
  return value !== undefined && value !== false
}

/** The type name as `type()` gives it. */
export function typeName(value: LuaValue): string {
  switch (typeof value) {
    case 'undefined':
      return 'nil'
    case 'boolean':
      return 'boolean'
    case 'number':
      return 'number'
    case 'string':
      return 'string'
    case 'function':
      return 'function'
    default:
      return value instanceof LuaUserdata
        ? 'userdata'
        : value instanceof LuaThread
          ? 'thread'
          : 'table'
  }
}
