import { numberToString, stringToNumber } from '../number.ts'
import type { LuaContext } from '../runtime/context.ts'
import { LuaTable } from '../table.ts'
import { type LuaFunction, type LuaValue, typeName } from '../value.ts'

/** The arguments of a library function. */
export type Args = readonly LuaValue[]

/** What `(long)` gives for doubles that do not fit. */
const LONG_MIN = -(2 ** 63)
const LONG_LIMIT = 2 ** 63

/** A table of library functions and constants. */
export function libraryTable(entries: Readonly<Record<string, LuaValue>>): LuaTable {
  const table = new LuaTable()
  for (const [name, value] of Object.entries(entries)) table.set(name, value)
  return table
}

/** `string expected, got nil` for argument `index`, counted from 1. */
export function wrongType(context: LuaContext, args: Args, index: number, expected: string): Error {
  const got = args.length < index ? 'no value' : typeName(args[index - 1])
  return context.argumentError(index, `${expected} expected, got ${got}`)
}

export function checkString(context: LuaContext, args: Args, index: number): string {
  const value = args[index - 1]
  if (typeof value === 'string') return value
  if (typeof value === 'number') return numberToString(value)
  throw wrongType(context, args, index, 'string')
}

export function optString(
  context: LuaContext,
  args: Args,
  index: number,
  otherwise: string,
): string {
  return args[index - 1] === undefined ? otherwise : checkString(context, args, index)
}

export function checkNumber(context: LuaContext, args: Args, index: number): number {
  const value = args[index - 1]
  if (typeof value === 'number') return value
  const number = typeof value === 'string' ? stringToNumber(value) : undefined
  if (number === undefined) throw wrongType(context, args, index, 'number')
  return number
}

/** A number cut to a C long. */
export function checkInteger(context: LuaContext, args: Args, index: number): number {
  return toLong(checkNumber(context, args, index))
}

export function optInteger(
  context: LuaContext,
  args: Args,
  index: number,
  otherwise: number,
): number {
  return args[index - 1] === undefined ? otherwise : checkInteger(context, args, index)
}

/** A number cut to a C int. */
export function checkInt(context: LuaContext, args: Args, index: number): number {
  return toInt(checkNumber(context, args, index))
}

export function toLong(value: number): number {
  const whole = Math.trunc(value)
  if (whole >= LONG_MIN && whole < LONG_LIMIT) return whole === 0 ? 0 : whole
  return LONG_MIN
}

/** `(unsigned long)` of a double as x86-64 computes it. */
export function toUnsignedLong(value: number): bigint {
  if (value >= 2 ** 63) return value < 2 ** 64 ? BigInt(Math.trunc(value)) : 0n
  return BigInt.asUintN(64, BigInt(toLong(value)))
}

export function toInt(value: number): number {
  const long = toLong(value)
  if ((long | 0) === long) return long
  return Number(BigInt.asIntN(32, BigInt(long)))
}

export function checkTable(context: LuaContext, args: Args, index: number): LuaTable {
  const value = args[index - 1]
  if (value instanceof LuaTable) return value
  throw wrongType(context, args, index, 'table')
}

export function checkFunction(context: LuaContext, args: Args, index: number): LuaFunction {
  const value = args[index - 1]
  if (typeof value === 'function') return value
  throw wrongType(context, args, index, 'function')
}

/** An argument that may be nil but must be there. */
export function checkAny(context: LuaContext, args: Args, index: number): LuaValue {
  if (args.length < index) throw context.argumentError(index, 'value expected')
  return args[index - 1]
}
