import { ReplyError } from '../errors.ts'
import { type LuaFunction, type LuaRuntime, LuaTable, type LuaValue } from '../lua/index.ts'
import { splitInline } from '../protocol/inline.ts'
import { isScriptFlag, type ScriptFlag } from './script-flags.ts'

/** A function that a library registered. */
export interface LibraryFunction {
  readonly name: string
  readonly description: string | undefined
  readonly flags: ReadonlySet<ScriptFlag>
  readonly callback: LuaFunction
  readonly library: string
}

/** A loaded library. */
export interface Library {
  readonly name: string
  /** The whole text, as FUNCTION LOAD got it. */
  readonly code: string
  readonly functions: ReadonlyMap<string, LibraryFunction>
}

/** It goes into a key of the store. */
const MAX_NAME_BYTES = 32 * 1024

export const isPlainName = (name: string): boolean => /^\w+$/.test(name)

export const BAD_NAME: string =
  'Library names can only contain letters, numbers, or underscores(_) and must be at least one ' +
  'character long'

/** Reads `#!lua name=mylib`. */
export function parseLibrary(code: string): { readonly name: string; readonly body: string } {
  if (!code.startsWith('#!')) throw new ReplyError('ERR Missing library metadata')
  const end = code.indexOf('\n')
  const words = end === -1 ? undefined : splitInline(code.slice(0, end))
  if (words === undefined || words.length === 0) {
    throw new ReplyError('ERR Invalid library metadata')
  }
  let name: string | undefined
  for (const word of words.slice(1)) {
    if (!/^name=/i.test(word)) throw new ReplyError(`ERR Invalid metadata value given: ${word}`)
    if (name !== undefined) {
      throw new ReplyError('ERR Invalid metadata value, name argument was given multiple times')
    }
    name = word.slice('name='.length)
  }
  if (name === undefined) throw new ReplyError('ERR Library name was not given')
  if (!isPlainName(name)) throw new ReplyError(`ERR ${BAD_NAME}`)
  if (name.length > MAX_NAME_BYTES) throw new ReplyError('ERR Library name is too long')
  const engine = (words[0] as string).slice(2)
  if (engine.toLowerCase() !== 'lua') throw new ReplyError(`ERR Engine '${engine}' not found`)
  return { name, body: code.slice(end) }
}

type Registration = Omit<LibraryFunction, 'library'>

/**
 * Reads the arguments of redis.register_function: a name and a callback, or a table with
 * function_name, callback, description and flags. Answers the message when they are wrong.
 */
export function readRegistration(args: readonly LuaValue[]): Registration | string {
  if (args.length === 2) return readPositional(args)
  if (args.length !== 1) return 'wrong number of arguments to redis.register_function'
  const [named] = args
  if (!(named instanceof LuaTable)) {
    return 'calling redis.register_function with a single argument is only applicable to Lua table (representing named arguments).'
  }
  return readNamed(named)
}

function readPositional([name, callback]: readonly LuaValue[]): Registration | string {
  const text = stringOf(name)
  if (text === undefined) return 'first argument to redis.register_function must be a string'
  if (typeof callback !== 'function') {
    return 'second argument to redis.register_function must be a function'
  }
  return { name: text, callback, description: undefined, flags: new Set() }
}

function readNamed(named: LuaTable): Registration | string {
  let name: string | undefined
  let description: string | undefined
  let callback: LuaFunction | undefined
  let flags: ReadonlySet<ScriptFlag> = new Set()
  for (let at = named.nextCursor(0); at !== 0; at = named.nextCursor(at)) {
    const key = stringOf(named.cursorKey(at))
    const value = named.cursorValue(at)
    if (key === undefined) {
      return 'named argument key given to redis.register_function is not a string'
    }
    switch (key.toLowerCase()) {
      case 'function_name':
        name = stringOf(value)
        if (name === undefined) return notA('function_name', 'a string')
        break
      case 'description':
        description = stringOf(value)
        if (description === undefined) return notA('description', 'a string')
        break
      case 'callback':
        if (typeof value !== 'function') return notA('callback', 'a function')
        callback = value
        break
      case 'flags': {
        if (!(value instanceof LuaTable)) {
          return 'flags argument to redis.register_function must be a table representing function flags'
        }
        const read = readFlags(value)
        if (read === undefined) return 'unknown flag given'
        flags = read
        break
      }
      default:
        return 'unknown argument given to redis.register_function'
    }
  }
  if (name === undefined) return 'redis.register_function must get a function name argument'
  if (callback === undefined) return 'redis.register_function must get a callback argument'
  return { name, description, callback, flags }
}

const notA = (argument: string, what: string): string =>
  `${argument} argument given to redis.register_function must be ${what}`

/** Numbers are strings to Lua. */
function stringOf(value: LuaValue): string | undefined {
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' ? value : undefined
}

function readFlags(table: LuaTable): ReadonlySet<ScriptFlag> | undefined {
  const flags = new Set<ScriptFlag>()
  for (let at = 1; ; at += 1) {
    const value = table.getNumber(at)
    if (value === undefined) return flags
    const flag = typeof value === 'string' ? value.toLowerCase() : ''
    if (!isScriptFlag(flag)) return undefined
    flags.add(flag)
  }
}

/** An error as the functions of `redis` raise it. */
export function raise(runtime: LuaRuntime, message: string): never {
  const table = new LuaTable()
  table.set('err', `ERR ${message}`)
  throw runtime.context.error(table)
}
