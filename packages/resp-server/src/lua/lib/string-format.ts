import { formatE, formatF, formatG, nonFinite } from '../number.ts'
import type { LuaContext } from '../runtime/context.ts'
import { type Args, checkNumber, checkString, toInt, toLong, toUnsignedLong } from './arguments.ts'

/** Letters and what follows them in ASCII: no flag, digit or point is there. */
const LETTERS = 65
const MAX_FLAGS = 5

/** One `%` item: flags, width and precision as C has them. */
interface Spec {
  readonly left: boolean
  readonly plus: boolean
  readonly space: boolean
  readonly alternate: boolean
  readonly zero: boolean
  readonly width: number
  /** -1 without one. */
  readonly precision: number
}

/** `string.format`. */
export function luaFormat(context: LuaContext, args: Args): string {
  const format = checkString(context, args, 1)
  let result = ''
  let argument = 1
  let at = 0
  for (;;) {
    const percent = format.indexOf('%', at)
    if (percent < 0) break
    result += format.slice(at, percent)
    at = percent + 1
    if (format.charCodeAt(at) === 37) {
      result += '%'
      at++
      continue
    }
    const { spec, end } = parseSpec(context, format, at)
    const letter = format[end] ?? ''
    at = end + 1
    argument++
    if (argument > args.length) throw context.argumentError(argument, 'no value')
    result += convert(context, { spec, letter, args, index: argument })
  }
  result += format.slice(at)
  context.reserve(result.length)
  return result
}

/** An item without flags, width and precision: most are. */
const PLAIN: Spec = {
  left: false,
  plus: false,
  space: false,
  alternate: false,
  zero: false,
  width: 0,
  precision: -1,
}

function parseSpec(context: LuaContext, format: string, from: number): { spec: Spec; end: number } {
  let at = from
  let c = format.charCodeAt(at)
  if (c >= LETTERS) return { spec: PLAIN, end: at }
  const flags = { left: false, plus: false, space: false, alternate: false, zero: false }
  for (; ; c = format.charCodeAt(++at)) {
    if (c === 45) flags.left = true
    else if (c === 43) flags.plus = true
    else if (c === 32) flags.space = true
    else if (c === 35) flags.alternate = true
    else if (c === 48) flags.zero = true
    else break
  }
  if (at - from > MAX_FLAGS) throw context.fail('invalid format (repeated flags)')
  const width = twoDigits(format, at)
  at += width.length
  let precision = -1
  if (format.charCodeAt(at) === 46) {
    const digits = twoDigits(format, ++at)
    precision = digits.value
    at += digits.length
  }
  if (isDigit(format.charCodeAt(at))) {
    throw context.fail('invalid format (width or precision too long)')
  }
  return { spec: { ...flags, width: width.value, precision }, end: at }
}

function twoDigits(format: string, at: number): { value: number; length: number } {
  const first = format.charCodeAt(at)
  if (!isDigit(first)) return { value: 0, length: 0 }
  const second = format.charCodeAt(at + 1)
  if (!isDigit(second)) return { value: first - 48, length: 1 }
  return { value: (first - 48) * 10 + second - 48, length: 2 }
}

function isDigit(c: number): boolean {
  return c >= 48 && c <= 57
}

interface Item {
  readonly spec: Spec
  readonly letter: string
  readonly args: Args
  readonly index: number
}

function convert(context: LuaContext, item: Item): string {
  const { spec, letter, args, index } = item
  switch (letter) {
    case 'c': {
      const code = toInt(checkNumber(context, args, index)) & 255
      // C's strlen ends the text at a zero byte.
      return cut(pad(String.fromCharCode(code), { ...spec, zero: false }))
    }
    case 'd':
    case 'i':
      return signed(toLong(checkNumber(context, args, index)), spec)
    case 'o':
    case 'u':
    case 'x':
    case 'X':
      return unsigned(checkNumber(context, args, index), letter, spec)
    case 'e':
    case 'E':
    case 'f':
    case 'g':
    case 'G':
      return float(checkNumber(context, args, index), letter, spec)
    case 'q':
      return quoted(checkString(context, args, index))
    case 's': {
      const text = checkString(context, args, index)
      if (spec.precision < 0 && text.length >= 100) return text
      const whole = cut(text)
      if (spec === PLAIN) return whole
      const shown = spec.precision < 0 ? whole : whole.slice(0, spec.precision)
      return pad(shown, { ...spec, zero: false })
    }
    default:
      throw context.fail(`invalid option '%${letter}' to 'format'`)
  }
}

function cut(text: string): string {
  const end = text.indexOf('\0')
  return end < 0 ? text : text.slice(0, end)
}

/** Fills up to the width; zeros go behind the sign or the 0x. */
function pad(text: string, spec: Spec): string {
  if (text.length >= spec.width) return text
  if (spec.left) return text.padEnd(spec.width)
  if (!spec.zero) return text.padStart(spec.width)
  const prefix = /^[-+ ]?(?:0[xX])?/.exec(text)?.[0] ?? ''
  return prefix + text.slice(prefix.length).padStart(spec.width - prefix.length, '0')
}

function sign(isNegative: boolean, spec: Spec): string {
  return isNegative ? '-' : spec.plus ? '+' : spec.space ? ' ' : ''
}

function signed(value: number, spec: Spec): string {
  if (spec === PLAIN && Number.isSafeInteger(value)) return String(value)
  const digits = wholeDigits(Math.abs(value), spec.precision)
  return pad(sign(value < 0, spec) + digits, withoutZeros(spec))
}

function wholeDigits(size: number, precision: number): string {
  if (precision === 0 && size === 0) return ''
  const digits = size < 1e21 && Number.isSafeInteger(size) ? String(size) : BigInt(size).toString()
  return digits.padStart(precision, '0')
}

/** A precision switches the 0 flag of whole numbers off. */
function withoutZeros(spec: Spec): Spec {
  return spec.precision >= 0 ? { ...spec, zero: false } : spec
}

const RADIX: Readonly<Record<string, number>> = { o: 8, u: 10, x: 16, X: 16 }

function unsigned(value: number, letter: string, spec: Spec): string {
  const bits = toUnsignedLong(value)
  let digits = bits === 0n && spec.precision === 0 ? '' : bits.toString(RADIX[letter])
  digits = digits.padStart(spec.precision, '0')
  if (spec.alternate && letter === 'o' && !digits.startsWith('0')) digits = `0${digits}`
  if (spec.alternate && bits !== 0n && (letter === 'x' || letter === 'X')) digits = `0x${digits}`
  return pad(letter === 'X' ? digits.toUpperCase() : digits, withoutZeros(spec))
}

function float(value: number, letter: string, spec: Spec): string {
  const precision = spec.precision < 0 ? 6 : spec.precision
  const special = nonFinite(value)
  let text = special ?? finite(value, letter.toLowerCase(), precision, spec.alternate)
  if (!text.startsWith('-')) text = sign(false, spec) + text
  if (letter === 'E' || letter === 'G') text = text.toUpperCase()
  return pad(text, special === undefined ? spec : { ...spec, zero: false })
}

function finite(value: number, letter: string, precision: number, alternate: boolean): string {
  if (letter === 'g') return formatG(value, precision, alternate)
  const text = letter === 'e' ? formatE(value, precision) : formatF(value, precision)
  if (!alternate || precision > 0) return text
  return letter === 'e' ? text.replace('e', '.e') : `${text}.`
}

/** `%q`: as a literal that Lua reads back. */
function quoted(text: string): string {
  const escaped = text.replace(/["\\\n\r\0]/g, (c) => {
    if (c === '\r') return '\\r'
    return c === '\0' ? '\\000' : `\\${c}`
  })
  return `"${escaped}"`
}
