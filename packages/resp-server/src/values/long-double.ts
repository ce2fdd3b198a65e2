import { parseHex } from './numbers.ts'

/**
 * x87 extended precision in integer arithmetic: INCRBYFLOAT and HINCRBYFLOAT add and print with
 * a 64-bit mantissa, which doubles cannot match (0.1 + 0.2 is 0.3 there).
 */
const MANTISSA_BITS = 64
const MAX_POWER = 4932
const FRACTION_DIGITS = 17
/** Where numbers end that are not zero: of the lowest, the highest bit is this one. */
const LOWEST_BIT = -16_445
const HIGHEST_BIT = 16_383
/** Redis takes no longer texts for numbers; work grows faster than they do. */
const MAX_CHARACTERS = 5 * 1024 - 1
const FORM = /^([+-])?(\d*)(?:\.(\d*))?(?:e([+-]?\d+))?$/i

interface LongDouble {
  /** Signed. */
  readonly mantissa: bigint
  readonly exponent: number
}

/** Sum of two decimal texts as Redis prints it; undefined when one is no number or too large. */
export function addDecimals(a: string, b: string): string | undefined {
  const left = parse(a)
  const right = parse(b)
  if (left === undefined || right === undefined) return undefined
  const exponent = Math.min(left.exponent, right.exponent)
  const sum =
    (left.mantissa << BigInt(left.exponent - exponent)) +
    (right.mantissa << BigInt(right.exponent - exponent))
  const exact = exponent >= 0 ? [sum << BigInt(exponent), 1n] : [sum, 1n << BigInt(-exponent)]
  return print(round(exact[0] as bigint, exact[1] as bigint))
}

export const isDecimal = (text: string): boolean => parse(text) !== undefined

function parse(text: string): LongDouble | undefined {
  if (text.length > MAX_CHARACTERS) return undefined
  const match = FORM.exec(text)
  if (match === null) return fromHex(text)
  const [, sign, whole = '', fraction = '', power = '0'] = match
  if (whole === '' && fraction === '') return undefined
  const digits = BigInt(whole + fraction)
  const scale = Number(power) - fraction.length
  if (Math.abs(Number(power)) > MAX_POWER || whole.length + scale > MAX_POWER) return undefined
  const signed = sign === '-' ? -digits : digits
  const value =
    scale >= 0 ? round(signed * 10n ** BigInt(scale), 1n) : round(signed, 10n ** BigInt(-scale))
  const isTooSmall = digits !== 0n && value.exponent + MANTISSA_BITS - 1 < LOWEST_BIT
  return isTooSmall ? undefined : value
}

function fromHex(text: string): LongDouble | undefined {
  const hex = parseHex(text)
  if (hex === undefined) return undefined
  const { mantissa, exponent, isNegative } = hex
  if (mantissa === 0n) return { mantissa: 0n, exponent: 0 }
  const highest = exponent + bitLength(mantissa) - 1
  if (highest < LOWEST_BIT || highest > HIGHEST_BIT) return undefined
  const value = round(mantissa, 1n)
  return {
    mantissa: isNegative ? -value.mantissa : value.mantissa,
    exponent: value.exponent + exponent,
  }
}

const bitLength = (value: bigint): number => value.toString(2).length

/** The nearest value with a 64-bit mantissa, ties to even. */
function round(numerator: bigint, denominator: bigint): LongDouble {
  if (numerator === 0n) return { mantissa: 0n, exponent: 0 }
  const isNegative = numerator < 0n
  const magnitude = isNegative ? -numerator : numerator
  let exponent = bitLength(magnitude) - bitLength(denominator) - MANTISSA_BITS
  let mantissa = divide(magnitude, denominator, exponent)
  if (bitLength(mantissa) > MANTISSA_BITS) {
    exponent += 1
    mantissa = divide(magnitude, denominator, exponent)
  }
  return { mantissa: isNegative ? -mantissa : mantissa, exponent }
}

/** magnitude / (denominator * 2^exponent), rounded half to even. */
function divide(magnitude: bigint, denominator: bigint, exponent: number): bigint {
  const top = exponent < 0 ? magnitude << BigInt(-exponent) : magnitude
  const bottom = exponent > 0 ? denominator << BigInt(exponent) : denominator
  const quotient = top / bottom
  const twice = (top % bottom) * 2n
  const roundsUp = twice > bottom || (twice === bottom && quotient % 2n === 1n)
  return roundsUp ? quotient + 1n : quotient
}

/** As printf's %.17Lf without trailing zeros. */
function print({ mantissa, exponent }: LongDouble): string {
  const isNegative = mantissa < 0n
  const magnitude = isNegative ? -mantissa : mantissa
  const scaled = divide(magnitude * 10n ** BigInt(FRACTION_DIGITS), 1n, -exponent)
  const digits = scaled.toString().padStart(FRACTION_DIGITS + 1, '0')
  const point = digits.length - FRACTION_DIGITS
  const fraction = digits.slice(point).replace(/0+$/, '')
  const text = digits.slice(0, point) + (fraction === '' ? '' : `.${fraction}`)
  return isNegative && text !== '0' ? `-${text}` : text
}
