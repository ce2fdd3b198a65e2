import { ReplyError } from '../errors.ts'
import { isBeyondDoubles, parseDouble, parseInteger } from '../values/numbers.ts'

/** Reading of arguments; what cannot be read is answered with Redis' own words. */

export const syntaxError = (): ReplyError => new ReplyError('ERR syntax error')
/** The answer of a container to options that its subcommand does not have. */
export const subcommandSyntaxError = (args: readonly string[]): ReplyError =>
  new ReplyError(
    `ERR unknown subcommand or wrong number of arguments for '${args[1]}'. ` +
      `Try ${args[0]?.toUpperCase()} HELP.`,
  )
/** As Redis prints names in its errors: as C strings, which end at the first zero byte. */
export const shown = (name: string): string => name.split('\0', 1)[0] as string

export const notInteger = (): ReplyError =>
  new ReplyError('ERR value is not an integer or out of range')
export const notFloat = (): ReplyError => new ReplyError('ERR value is not a valid float')

/** An int64; beyond 2^53 rounded, which is exact enough for counts, indexes and times. */
export function integer(text: string, error: () => ReplyError = notInteger): number {
  const value = parseInteger(text)
  if (value === undefined) throw error()
  return Number(value)
}

/** The number of a database, which is an int in C, whether or not there is one. */
export function databaseIndex(text: string): number {
  const value = integer(text)
  if (value !== (value | 0)) {
    throw new ReplyError('ERR value is out of range, value must between -2147483648 and 2147483647')
  }
  return value
}

export function exactInteger(text: string): number | bigint {
  const value = parseInteger(text)
  if (value === undefined) throw notInteger()
  return value
}

export function float(text: string, error: () => ReplyError = notFloat): number {
  const value = parseDouble(text)
  if (value === undefined || isBeyondDoubles(text, value)) throw error()
  return value
}

/** An integer not below zero, else `message`. */
export function positive(text: string, message: string): number {
  const value = parseInteger(text)
  if (value === undefined || value < 0) throw new ReplyError(message)
  return Number(value)
}

/** Pairs that a reply can count: half of what a long holds. */
const MAX_PAIRS = 2n ** 62n - 1n

/**
 * How many elements to pick at random, or pairs of two: negative allows repeats, and the sign can
 * be turned.
 */
export function randomCount(text: string, ofPairs = false): number {
  const value = exactInteger(text)
  if (value === -(2n ** 63n)) {
    throw new ReplyError(
      'ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807',
    )
  }
  if (ofPairs && (value > MAX_PAIRS || value < -MAX_PAIRS)) {
    throw new ReplyError('ERR value is out of range')
  }
  return Number(value)
}

/** Keys announced by a count argument: `numkeys key [key ...]`. */
export function countedKeys(
  args: readonly string[],
  at: number,
  errorWhenTooMany: () => ReplyError = syntaxError,
  errorWhenNone = 'ERR numkeys should be greater than 0',
): string[] {
  const count = parseInteger(args[at] as string)
  if (count === undefined || count <= 0) throw new ReplyError(errorWhenNone)
  const end = at + 1 + Number(count)
  if (end > args.length) throw errorWhenTooMany()
  return args.slice(at + 1, end)
}
