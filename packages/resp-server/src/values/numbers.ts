/** Integers and doubles as Redis reads and prints them. */

const INT64_MAX = 2n ** 63n - 1n
const INT64_MIN = -(2n ** 63n)

/**
 * A signed 64-bit integer in canonical form (no sign, blanks or zeros in front), or undefined.
 * Comes as number while exact, as bigint beyond 2^53.
 */
export function parseInteger(text: string): number | bigint | undefined {
  const length = text.length
  if (length === 0 || length > 20) return undefined
  const negative = text.charCodeAt(0) === 0x2d
  const start = negative ? 1 : 0
  const first = text.charCodeAt(start) - 0x30
  if (first === 0 && length === 1) return 0
  if (!(first >= 1 && first <= 9)) return undefined
  let value = first
  for (let at = start + 1; at < length; at += 1) {
    const digit = text.charCodeAt(at) - 0x30
    if (!(digit >= 0 && digit <= 9)) return undefined
    value = value * 10 + digit
  }
  if (value <= Number.MAX_SAFE_INTEGER) return negative ? -value : value
  const exact = BigInt(text)
  return exact > INT64_MAX || exact < INT64_MIN ? undefined : exact
}

/** Sum within int64, or undefined when it would overflow. */
export function addIntegers(a: number | bigint, b: number | bigint): number | bigint | undefined {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b
    if (Number.isSafeInteger(sum)) return sum
  }
  return normalizeInteger(BigInt(a) + BigInt(b))
}

/** Number when exact, bigint otherwise, undefined outside of int64. */
export function normalizeInteger(value: bigint): number | bigint | undefined {
  if (value > INT64_MAX || value < INT64_MIN) return undefined
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

const ZERO = 0x30
const MINUS = 0x2d

/** Writes the digits of a safe integer; answers where they end. At most 17 bytes. */
export function writeInteger(bytes: Uint8Array, value: number, offset: number): number {
  let rest = Math.abs(value)
  let start = offset
  if (value < 0) {
    bytes[offset] = MINUS
    start += 1
  }
  let end = start + 1
  for (let limit = 10; rest >= limit; limit *= 10) end += 1
  for (let at = end - 1; at >= start; at -= 1) {
    const tenth = Math.floor(rest / 10)
    // in parentheses: the sum of the others would not be a safe integer near the end of them
    bytes[at] = ZERO + (rest - tenth * 10)
    rest = tenth
  }
  return end
}

// no two parts of these can take the same characters: a long text is looked through once
const DOUBLE = /^[+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?|inf(?:inity)?)$/i
const NOT_ZERO = /^[+-]?(?:0x[0.]*[1-9a-f]|[0.]*[1-9])/i
const HEX = /^[+-]?0x([0-9a-f]*)(?:\.([0-9a-f]*))?(?:p([+-]?\d+))?$/i

/** Up to here the number is rounded once at most, with its last digit: ten times 15 digits is exact. */
const EXACT_DIGITS = 16

/** The value of text that is digits alone, and not many; -1 for other text. */
function fewDigits(text: string): number {
  const { length } = text
  if (length === 0 || length > EXACT_DIGITS) return -1
  let value = 0
  for (let at = 0; at < length; at += 1) {
    const digit = text.charCodeAt(at) - 0x30
    if (!(digit >= 0 && digit <= 9)) return -1
    value = value * 10 + digit
  }
  return value
}

/** A number in C's hexadecimal notation: its digits are `mantissa` times two to `exponent`. */
export interface HexDigits {
  readonly isNegative: boolean
  readonly mantissa: bigint
  readonly exponent: number
}

/** As C reads `0x1.8p-3`, or undefined. */
export function parseHex(text: string): HexDigits | undefined {
  const match = HEX.exec(text)
  if (match === null) return undefined
  const [, whole = '', fraction = '', power = '0'] = match
  if (whole === '' && fraction === '') return undefined
  return {
    isNegative: text.startsWith('-'),
    mantissa: BigInt(`0x${whole}${fraction}`),
    exponent: Number(power) - fraction.length * 4,
  }
}

function hexDouble(text: string): number | undefined {
  const hex = parseHex(text)
  if (hex === undefined) return undefined
  // what is left out beyond 64 bits counts as one bit, so that it is rounded once and the right way
  const spare = Math.max(0, hex.mantissa.toString(2).length - 64)
  const head = hex.mantissa >> BigInt(spare)
  const isExact = head << BigInt(spare) === hex.mantissa
  // in two steps: the power alone may be beyond what the product is
  const exponent = hex.exponent + spare
  const half = Math.trunc(exponent / 2)
  const magnitude = Number(isExact ? head : head | 1n) * 2 ** half * 2 ** (exponent - half)
  return hex.isNegative ? -magnitude : magnitude
}

/** A double as strtod reads it (infinities included), or undefined; never NaN. */
export function parseDouble(text: string): number | undefined {
  const whole = fewDigits(text)
  if (whole !== -1) return whole
  if (!DOUBLE.test(text)) return hexDouble(text)
  const direct = Number(text)
  if (!Number.isNaN(direct)) return direct
  return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
}

/** Whether what was read as `value` stands for a number that a double can only be far from. */
export function isBeyondDoubles(text: string, value: number): boolean {
  if (Number.isFinite(value) && value !== 0) return false
  return value === 0 ? NOT_ZERO.test(text) : !/inf/i.test(text)
}

/** Shortest digits that read back to the same double, laid out as Redis 7.2 and later do. */
export function formatDouble(value: number): string {
  if (Number.isSafeInteger(value)) return Object.is(value, -0) ? '-0' : String(value)
  if (Number.isInteger(value) && Math.abs(value) <= 2 ** 62) return BigInt(value).toString()
  if (value === Number.POSITIVE_INFINITY) return 'inf'
  if (value === Number.NEGATIVE_INFINITY) return '-inf'
  if (Number.isNaN(value)) return 'nan'
  const [mantissa, power] = Math.abs(value).toExponential().split('e') as [string, string]
  const digits = mantissa.replace('.', '')
  const sign = value < 0 ? '-' : ''
  return sign + layOut(digits, Number(power) - digits.length + 1)
}

/** `digits` times ten to `exponent`, plain while short, else in scientific form. */
function layOut(digits: string, exponent: number): string {
  const count = digits.length
  const magnitude = Math.abs(exponent + count - 1)
  if (exponent >= 0 && magnitude < count + 7) return digits + '0'.repeat(exponent)
  if (exponent < 0 && (exponent > -7 || magnitude < 4)) {
    const point = count + exponent
    return point <= 0
      ? `0.${'0'.repeat(-point)}${digits}`
      : `${digits.slice(0, point)}.${digits.slice(point)}`
  }
  const fraction = count > 1 ? `.${digits.slice(1)}` : ''
  return `${digits[0]}${fraction}e${exponent + count - 1 < 0 ? '-' : '+'}${magnitude}`
}
