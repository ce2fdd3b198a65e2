import { toLong } from '../lib/arguments.ts'
import { formatG } from '../number.ts'
import { LuaTable } from '../table.ts'
import type { LuaValue } from '../value.ts'
import type { ReplySink } from './reply-sink.ts'
import { withoutLineEnd } from './reply-to-lua.ts'

/** Tables nested deeper are answered with an error, so that cycles end. */
const MAX_DEPTH = 1000

/**
 * Sends what a script returned as Redis does: numbers are cut to integers, nil ends an array,
 * tables with `err`, `ok`, `double`, `big_number`, `verbatim_string`, `map` or `set` are that
 * reply. `scriptResp` is the version that the script chose by redis.setresp; only with 3 are
 * booleans sent as such.
 */
export function writeLuaReply(value: LuaValue, sink: ReplySink, scriptResp: 2 | 3): void {
  writeValue(value, { sink, scriptResp }, 0)
}

interface Target {
  readonly sink: ReplySink
  readonly scriptResp: 2 | 3
}

function writeValue(value: LuaValue, target: Target, depth: number): void {
  const { sink, scriptResp } = target
  switch (typeof value) {
    case 'string':
      sink.bulk(value)
      break
    case 'number':
      writeInteger(value, sink)
      break
    case 'boolean':
      if (scriptResp === 3) sink.boolean(value)
      else if (value) sink.integer(1)
      else sink.null()
      break
    default:
      if (!(value instanceof LuaTable)) sink.null()
      else if (depth >= MAX_DEPTH) sink.error('ERR reached lua stack limit', false)
      else if (!writeTagged(value, target, depth)) writeArray(value, target, depth)
  }
}

function writeInteger(value: number, sink: ReplySink): void {
  const whole = toLong(value)
  sink.integer(Number.isSafeInteger(whole) ? whole : BigInt(whole))
}

/** What ends a C string, or a line of the protocol. */
const ENDINGS = /[\0\r\n]/

/** A C string as a line of the protocol. */
function line(text: string): string {
  if (text === 'OK' || !ENDINGS.test(text)) return text
  const end = text.indexOf('\0')
  return (end < 0 ? text : text.slice(0, end)).replace(/[\r\n]/g, ' ')
}

/** As {@link line}, less the line breaks at its end. */
function errorLine(text: string): string {
  if (!ENDINGS.test(text)) return text
  const [cString = ''] = text.split('\0', 1)
  return line(withoutLineEnd(cString))
}

/** Sends a table that says what reply it is; false for a list. */
function writeTagged(table: LuaTable, target: Target, depth: number): boolean {
  const { sink } = target
  if (table.keys.length === 1) return false
  const err = table.getHash('err')
  if (typeof err === 'string') {
    sink.error(errorLine(err), table.getHash('ignore_error_stats_update') === true)
    return true
  }
  const ok = table.getHash('ok')
  if (typeof ok === 'string') {
    sink.status(line(ok))
    return true
  }
  const double = table.getHash('double')
  if (typeof double === 'number') {
    sink.double(double)
    return true
  }
  const bigNumber = table.getHash('big_number')
  if (typeof bigNumber === 'string') {
    sink.bigNumber(bigNumber.replace(/[\r\n]/g, ' '))
    return true
  }
  return (
    writeVerbatim(table, sink) || writeMap(table, target, depth) || writeSet(table, target, depth)
  )
}

function writeVerbatim(table: LuaTable, sink: ReplySink): boolean {
  const verbatim = table.getHash('verbatim_string')
  if (!(verbatim instanceof LuaTable)) return false
  const format = verbatim.getHash('format')
  const text = verbatim.getHash('string')
  if (typeof format !== 'string' || typeof text !== 'string') return false
  sink.verbatim(format, text)
  return true
}

function writeMap(table: LuaTable, target: Target, depth: number): boolean {
  const map = table.getHash('map')
  if (!(map instanceof LuaTable)) return false
  target.sink.map(countEntries(map))
  for (let at = map.nextCursor(0); at !== 0; at = map.nextCursor(at)) {
    writeValue(map.cursorKey(at), target, depth + 1)
    writeValue(map.cursorValue(at), target, depth + 1)
  }
  return true
}

function writeSet(table: LuaTable, target: Target, depth: number): boolean {
  const set = table.getHash('set')
  if (!(set instanceof LuaTable)) return false
  target.sink.set(countEntries(set))
  for (let at = set.nextCursor(0); at !== 0; at = set.nextCursor(at)) {
    writeValue(set.cursorKey(at), target, depth + 1)
  }
  return true
}

function countEntries(table: LuaTable): number {
  let count = 0
  for (let at = table.nextCursor(0); at !== 0; at = table.nextCursor(at)) count++
  return count
}

function writeArray(table: LuaTable, target: Target, depth: number): void {
  let length = 0
  while (table.getNumber(length + 1) !== undefined) length++
  target.sink.array(length)
  for (let i = 1; i <= length; i++) writeValue(table.getNumber(i), target, depth + 1)
}

/** A command argument: strings as they are, numbers with 17 digits; undefined for anything else. */
export function commandArgument(value: LuaValue): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value !== 'number') return undefined
  if (value === 0) return Object.is(value, -0) ? '-0' : '0'
  return Number.isSafeInteger(value) ? String(value) : formatG(value, 17)
}
