import { ReplyError } from '../errors.ts'
import { exactInteger } from './arguments.ts'

/** Largest time in ms that Redis accepts. */
const MAX_TIME = 2 ** 63
/** These in ms fit into 64 bits; more than what a double tells apart. */
const MAX_SECONDS = 9_223_372_036_854_775n

/** Whether so many seconds are too many, before or after 1970. */
export const isBeyondTime = (seconds: number | bigint): boolean =>
  typeof seconds === 'bigint' && (seconds > MAX_SECONDS || seconds < -MAX_SECONDS)

export interface ExpiryUnit {
  readonly milliseconds: 1 | 1000
  readonly isAbsolute: boolean
}

export const EXPIRY_UNITS: Readonly<Record<string, ExpiryUnit>> = {
  EX: { milliseconds: 1000, isAbsolute: false },
  PX: { milliseconds: 1, isAbsolute: false },
  EXAT: { milliseconds: 1000, isAbsolute: true },
  PXAT: { milliseconds: 1, isAbsolute: true },
}

/** Absolute time in ms out of an argument that must be positive. */
export function expiryTime(
  text: string,
  unit: ExpiryUnit,
  now: number,
  commandName: string,
): number {
  const exact = exactInteger(text)
  const value = Number(exact)
  const time = value * unit.milliseconds + (unit.isAbsolute ? 0 : now)
  const overflows =
    (unit.milliseconds === 1000 && isBeyondTime(exact)) || (!unit.isAbsolute && time > MAX_TIME)
  if (value <= 0 || overflows) {
    throw new ReplyError(`ERR invalid expire time in '${commandName}' command`)
  }
  return time
}
