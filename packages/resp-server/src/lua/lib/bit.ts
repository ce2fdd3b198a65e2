import { toNumber } from '../runtime/arithmetic.ts'
import type { LuaContext } from '../runtime/context.ts'
import type { LuaTable } from '../table.ts'
import type { LuaFunction } from '../value.ts'
import { type Args, libraryTable, wrongType } from './arguments.ts'

/** Adding this shifts a number's low 32 bits to the low word of the double, rounded. */
const SHIFTER = 2 ** 52 + 2 ** 51

const double = new Float64Array(1)
const words = new Int32Array(double.buffer)
const LOW_WORD = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 0 : 1

/** Bit operations on signed 32-bit numbers, with the rounding of LuaBitOp. */
export function createBitLibrary(context: LuaContext): LuaTable {
  const fold =
    (combine: (a: number, b: number) => number): LuaFunction =>
    (...args) => {
      let result = bits(context, args, 1)
      for (let i = args.length; i > 1; i--) result = combine(result, bits(context, args, i))
      return result
    }
  const shift =
    (compute: (value: number, count: number) => number): LuaFunction =>
    (...args) =>
      compute(bits(context, args, 1), bits(context, args, 2) & 31) | 0
  return libraryTable({
    tobit: (...args) => bits(context, args, 1),
    bnot: (...args) => ~bits(context, args, 1),
    band: fold((a, b) => a & b),
    bor: fold((a, b) => a | b),
    bxor: fold((a, b) => a ^ b),
    lshift: shift((value, count) => value << count),
    rshift: shift((value, count) => value >>> count),
    arshift: shift((value, count) => value >> count),
    rol: shift((value, count) => (value << count) | (value >>> (32 - count))),
    ror: shift((value, count) => (value << (32 - count)) | (value >>> count)),
    bswap(...args) {
      const value = bits(context, args, 1)
      return (value >>> 24) | ((value >>> 8) & 0xff00) | ((value & 0xff00) << 8) | (value << 24)
    },
    tohex: (...args) => toHex(bits(context, args, 1), args.length < 2 ? 8 : bits(context, args, 2)),
  })
}

function bits(context: LuaContext, args: Args, index: number): number {
  const value = args[index - 1]
  if (typeof value === 'number' && (value | 0) === value) return value
  const number = toNumber(value)
  double[0] = (number ?? 0) + SHIFTER
  const result = words[LOW_WORD] as number
  if (number === undefined) throw wrongType(context, args, index, 'number')
  return result
}

function toHex(value: number, digits: number): string {
  const count = Math.min(Math.abs(digits), 8)
  const text = (value >>> 0)
    .toString(16)
    .padStart(8, '0')
    .slice(8 - count)
  return digits < 0 ? text.toUpperCase() : text
}
