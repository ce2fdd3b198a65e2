/**
 * Numbers as text, exactly as C prints and reads them: `%g`, `%e`, `%f` with ties to even, and
 * `strtod` with its hexadecimal floats, `inf` and `nan`.
 */

/** The length of a text with a point and at most 14 digits. */
const SHORT_NUMBER = 15

/** `tostring` of a number: `%.14g`. */
export function numberToString(value: number): string {
  if (Number.isInteger(value) && value < 1e14 && value > -1e14) {
    return value === 0 && 1 / value < 0 ? '-0' : String(value)
  }
  const size = Math.abs(value)
  if (size >= 1e-4 && size < 1e14) {
    // A shortest form of at most 14 digits is what %.14g prints.
    const text = String(value)
    if (text.length <= SHORT_NUMBER) return text
  }
  return formatG(value, 14)
}

/** The C text of infinities and NaN; undefined for finite numbers. NaN always has its sign. */
export function nonFinite(value: number): string | undefined {
  if (value === Number.POSITIVE_INFINITY) return 'inf'
  if (value === Number.NEGATIVE_INFINITY) return '-inf'
  // The processor's default NaN has the sign bit set, and printf shows it.
  return Number.isNaN(value) ? '-nan' : undefined
}

/** `%.<precision>g`; `alternate` is the `#` flag, which keeps trailing zeros. */
export function formatG(value: number, precision: number, alternate = false): string {
  const special = nonFinite(value)
  if (special !== undefined) return special
  const digits = precision === 0 ? 1 : precision
  const scientific = formatE(value, digits - 1)
  const exponent = Number(scientific.slice(scientific.indexOf('e') + 1))
  if (exponent < -4 || exponent >= digits) {
    if (alternate) return scientific
    const at = scientific.indexOf('e')
    return stripZeros(scientific.slice(0, at)) + scientific.slice(at)
  }
  const fixed = formatF(value, digits - 1 - exponent)
  if (alternate) return fixed.includes('.') ? fixed : `${fixed}.`
  return stripZeros(fixed)
}

/** `%.<precision>e`. */
export function formatE(value: number, precision: number): string {
  const special = nonFinite(value)
  if (special !== undefined) return special
  const text = isTie(value, precision)
    ? exponentialToEven(value, precision)
    : value.toExponential(precision)
  const at = text.indexOf('e')
  const exponent = text.slice(at + 2)
  const sign = value === 0 && 1 / value < 0 ? '-' : ''
  return `${sign}${text.slice(0, at + 2)}${exponent.length < 2 ? '0' : ''}${exponent}`
}

/** `%.<precision>f`. */
export function formatF(value: number, precision: number): string {
  const special = nonFinite(value)
  if (special !== undefined) return special
  const sign = value < 0 || (value === 0 && 1 / value < 0) ? '-' : ''
  const size = Math.abs(value)
  if (size >= 1e21) {
    const whole = BigInt(size).toString()
    return sign + whole + (precision > 0 ? `.${'0'.repeat(precision)}` : '')
  }
  const text = size.toFixed(precision)
  // toFixed rounds an exact half up, C rounds it to even.
  return sign + (isFixedTie(size, precision) ? fixedToEven(text) : text)
}

function stripZeros(text: string): string {
  if (!text.includes('.')) return text
  let end = text.length
  while (text.charCodeAt(end - 1) === 48) end--
  if (text.charCodeAt(end - 1) === 46) end--
  return text.slice(0, end)
}

/**
 * Does the exact decimal expansion end with a 5 right behind the wanted digits? A half of a decimal
 * place is an odd multiple of a power of two, which scaling by a power of two tells exactly: that
 * rules out nearly all numbers at once.
 */
function isTie(value: number, precision: number): boolean {
  if (precision > 60 || value === 0) return false
  const size = Math.abs(value)
  const places = precision - Math.floor(Math.log10(size)) + 2
  if (places > 0 && !Number.isInteger(size * 2 ** places)) return false
  const digits = size.toExponential(Math.min(100, precision + 30))
  const at = digits.indexOf('.') + 1 + precision
  return isHalf(digits.slice(at, digits.indexOf('e')))
}

/** 2 to the power of each precision and one more. */
const HALVES: readonly number[] = Array.from({ length: 61 }, (_, precision) => 2 ** (precision + 1))

function isFixedTie(size: number, precision: number): boolean {
  if (precision > 60) return false
  const halves = size * (HALVES[precision] as number)
  if (Math.floor(halves) !== halves) return false
  const digits = size.toFixed(Math.min(100, precision + 30))
  return isHalf(digits.slice(digits.indexOf('.') + 1 + precision))
}

function isHalf(tail: string): boolean {
  if (tail.charCodeAt(0) !== 53) return false
  for (let i = 1; i < tail.length; i++) if (tail.charCodeAt(i) !== 48) return false
  return true
}

/** Both neighbours of a tie end in different parity: JavaScript took the larger one. */
function fixedToEven(text: string): string {
  const last = text.charCodeAt(text.length - 1) - 48
  // The larger neighbour is odd: the even one is one less, and no borrow can occur.
  return last % 2 === 0 ? text : text.slice(0, -1) + String(last - 1)
}

function exponentialToEven(value: number, precision: number): string {
  const digits = Math.abs(value).toExponential(precision + 1)
  const at = digits.indexOf('e')
  // One digit more is exact for a tie; cutting it gives the lower neighbour.
  const lower = digits.slice(0, precision === 0 ? 1 : at - 1)
  const last = lower.charCodeAt(lower.length - 1) - 48
  if (last % 2 !== 0) return value.toExponential(precision)
  return (value < 0 ? '-' : '') + lower + digits.slice(at)
}

const DECIMAL = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?/
const HEX = /^([-+]?)0[xX]([\da-fA-F]*)(?:\.([\da-fA-F]*))?(?:[pP]([-+]?\d+))?/
const WORD = /^([-+]?)(inf(?:inity)?|nan(?:\(\w*\))?)/i

/** `strtod`: the number that starts the text (no leading blanks) and how long it is; 0 is none. */
export function parseNumberPrefix(text: string): { value: number; length: number } {
  const hex = HEX.exec(text)
  if (hex !== null && (hex[2] !== '' || (hex[3] ?? '') !== '')) {
    return { value: hexValue(hex), length: hex[0].length }
  }
  const decimal = DECIMAL.exec(text)
  if (decimal !== null) return { value: Number(decimal[0]), length: decimal[0].length }
  const word = WORD.exec(text)
  if (word === null) return { value: 0, length: 0 }
  const size = (word[2] as string).startsWith('n') || (word[2] as string).startsWith('N')
  const value = size ? Number.NaN : Number.POSITIVE_INFINITY
  return { value: word[1] === '-' ? -value : value, length: word[0].length }
}

function hexValue(match: RegExpExecArray): number {
  const whole = match[2] ?? ''
  const fraction = match[3] ?? ''
  const digits = BigInt(`0x${whole}${fraction}`)
  const exponent = Number(match[4] ?? 0) - 4 * fraction.length
  const value = Number(digits) * 2 ** exponent
  return match[1] === '-' ? -value : value
}

/** A string as a number by Lua's rules (blanks around it allowed), undefined when it is none. */
export function stringToNumber(text: string): number | undefined {
  // Most numeric strings are short runs of digits.
  if (text.length < 16 && text.length > 0) {
    let value = 0
    let at = 0
    for (; at < text.length; at++) {
      const digit = text.charCodeAt(at) - 48
      if (digit < 0 || digit > 9) break
      value = value * 10 + digit
    }
    if (at === text.length) return value
  }
  const start = skipBlanks(text, 0)
  const { value, length } = parseNumberPrefix(text.slice(start))
  if (length === 0) return undefined
  const end = skipBlanks(text, start + length)
  // To C the text ends at a zero byte.
  return end === text.length || text.charCodeAt(end) === 0 ? value : undefined
}

function skipBlanks(text: string, from: number): number {
  let at = from
  for (;;) {
    const code = text.charCodeAt(at)
    if (code === 32 || (code >= 9 && code <= 13)) at++
    else return at
  }
}
