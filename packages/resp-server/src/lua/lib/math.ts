import { luaPow } from '../arithmetic-rules.ts'
import type { Lrand48 } from '../random.ts'
import type { LuaContext } from '../runtime/context.ts'
import type { LuaTable } from '../table.ts'
import type { LuaFunction } from '../value.ts'
import { type Args, checkInt, checkNumber, libraryTable } from './arguments.ts'

/** Random numbers are divided by this, so that 1 is never reached. */
const RANDOM_MAX = 0x7fff_ffff

/** The mathematical functions; random numbers come from the given generator. */
export function createMathLibrary(context: LuaContext, random: Lrand48): LuaTable {
  return libraryTable({
    ...createUnary(context),
    ...createOthers(context),
    ...createRandom(context, random),
    pi: Math.PI,
    huge: Number.POSITIVE_INFINITY,
  })
}

function createUnary(context: LuaContext): Record<string, LuaFunction> {
  const unary =
    (compute: (x: number) => number): LuaFunction =>
    (...args) =>
      compute(checkNumber(context, args, 1))
  return {
    abs: unary(Math.abs),
    acos: unary(Math.acos),
    asin: unary(Math.asin),
    atan: unary(Math.atan),
    ceil: unary(Math.ceil),
    cos: unary(Math.cos),
    cosh: unary(Math.cosh),
    deg: unary((x) => x / (Math.PI / 180)),
    exp: unary(Math.exp),
    floor: unary(Math.floor),
    log: unary(Math.log),
    log10: unary(Math.log10),
    rad: unary((x) => x * (Math.PI / 180)),
    sin: unary(Math.sin),
    sinh: unary(Math.sinh),
    sqrt: unary(Math.sqrt),
    tan: unary(Math.tan),
    tanh: unary(Math.tanh),
  }
}

function createOthers(context: LuaContext): Record<string, LuaFunction> {
  const binary =
    (compute: (x: number, y: number) => number): LuaFunction =>
    (...args) =>
      compute(checkNumber(context, args, 1), checkNumber(context, args, 2))
  const fmod = binary((x, y) => x % y)
  return {
    atan2: binary(Math.atan2),
    fmod,
    mod: fmod,
    pow: binary(luaPow),
    ldexp: (...args) => scale(checkNumber(context, args, 1), checkInt(context, args, 2)),
    frexp: (...args) => [...splitExponent(checkNumber(context, args, 1))],
    modf(...args) {
      const value = checkNumber(context, args, 1)
      const whole = Math.trunc(value)
      // C gives the fraction the sign of the number, for infinities and whole numbers too.
      const fraction =
        whole === value ? (value < 0 || Object.is(value, -0) ? -0 : 0) : value - whole
      return [whole, fraction]
    },
    max: (...args) => extreme(context, args, (value, best) => value > best),
    min: (...args) => extreme(context, args, (value, best) => value < best),
  }
}

function extreme(
  context: LuaContext,
  args: Args,
  isBetter: (value: number, best: number) => boolean,
): number {
  let best = checkNumber(context, args, 1)
  for (let i = 2; i <= args.length; i++) {
    const value = checkNumber(context, args, i)
    if (isBetter(value, best)) best = value
  }
  return best
}

/** `x * 2^exponent` without losing what the power alone would overflow. */
function scale(x: number, exponent: number): number {
  if (exponent > 1023) return scale(x * 2 ** 1023, Math.min(exponent - 1023, 2100))
  if (exponent < -1074) return scale(x * 2 ** -1022, Math.max(exponent + 1022, -2100))
  return x * 2 ** exponent
}

/** `frexp`: a fraction of at least a half, and the exponent. */
function splitExponent(x: number): [number, number] {
  if (x === 0 || !Number.isFinite(x)) return [x, 0]
  let exponent = Math.max(-1023, Math.floor(Math.log2(Math.abs(x))) + 1)
  let fraction = x * 2 ** -exponent
  while (Math.abs(fraction) < 0.5) {
    fraction *= 2
    exponent--
  }
  while (Math.abs(fraction) >= 1) {
    fraction /= 2
    exponent++
  }
  return [fraction, exponent]
}

function createRandom(context: LuaContext, random: Lrand48): Record<string, LuaFunction> {
  return {
    random(...args) {
      const fraction = (random.next() % RANDOM_MAX) / RANDOM_MAX
      if (args.length === 0) return fraction
      if (args.length > 2) throw context.fail('wrong number of arguments')
      const low = args.length === 1 ? 1 : checkInt(context, args, 1)
      const high = checkInt(context, args, args.length)
      if (low > high) throw context.argumentError(args.length, 'interval is empty')
      return Math.floor(fraction * (high - low + 1)) + low
    },
    randomseed(...args) {
      random.seed(checkInt(context, args, 1))
      return []
    },
  }
}
