import { NO_EXPIRY } from '../keyspace/value.ts'
import type { Bytes } from '../protocol/reply.ts'
import { syntaxError } from './arguments.ts'
import { EXPIRY_UNITS, type ExpiryUnit, expiryTime } from './expiry-options.ts'

const option = (argument: Bytes | undefined): string =>
  typeof argument === 'string' ? argument.toUpperCase() : ''

/** What SET and GETEX were told. */
export interface SetOptions {
  onlyNew: boolean
  onlyExisting: boolean
  returnsOld: boolean
  keepsTtl: boolean
  persist: boolean
  /** Reads the time only when asked: a missing key comes before a wrong time. */
  expiryAt: (now: number) => number
}

/** The options that SET and GETEX share; each may come once, and those of a kind exclude others. */
export function parseOptions(
  args: readonly Bytes[],
  start: number,
  command: 'set' | 'getex',
): SetOptions {
  const found: SetOptions = {
    onlyNew: false,
    onlyExisting: false,
    returnsOld: false,
    keepsTtl: false,
    persist: false,
    expiryAt: () => NO_EXPIRY,
  }
  const isSet = command === 'set'
  let unit: ExpiryUnit | undefined
  let time = ''
  for (let at = start; at < args.length; at += 1) {
    const name = option(args[at])
    const hasTime = unit !== undefined || found.keepsTtl || found.persist
    if (isSet && name === 'NX' && !found.onlyExisting) found.onlyNew = true
    else if (isSet && name === 'XX' && !found.onlyNew) found.onlyExisting = true
    else if (isSet && name === 'GET') found.returnsOld = true
    else if (isSet && name === 'KEEPTTL' && unit === undefined) found.keepsTtl = true
    else if (!isSet && name === 'PERSIST' && unit === undefined) found.persist = true
    else if (EXPIRY_UNITS[name] !== undefined && !hasTime && at + 1 < args.length) {
      unit = EXPIRY_UNITS[name]
      at += 1
      time = String(args[at])
    } else throw syntaxError()
  }
  if (unit !== undefined) {
    const given = unit
    found.expiryAt = (now) => expiryTime(time, given, now, command)
  }
  return found
}
