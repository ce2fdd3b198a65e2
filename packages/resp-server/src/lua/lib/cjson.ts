import type { LuaContext } from '../runtime/context.ts'
import type { LuaTable } from '../table.ts'
import { LUA_NULL, type LuaFunction } from '../value.ts'
import { type Args, checkInteger, checkString, libraryTable, toInt } from './arguments.ts'
import { type DecodeSettings, JsonDecoder } from './cjson-decode.ts'
import { type EncodeSettings, JsonEncoder } from './cjson-encode.ts'

const INT_MAX = 0x7fff_ffff

interface Settings extends EncodeSettings, DecodeSettings {
  keepBuffer: boolean
}

/** lua-cjson 2.1.0 with its own settings; `cjson.new` makes another one. */
export function createCjsonLibrary(context: LuaContext): LuaTable {
  const settings: Settings = {
    sparseConvert: false,
    sparseRatio: 2,
    sparseSafe: 10,
    encodeMaxDepth: 1000,
    decodeMaxDepth: 1000,
    encodeInvalidNumbers: 'off',
    decodeInvalidNumbers: true,
    numberPrecision: 14,
    keepBuffer: true,
  }
  const encoder = new JsonEncoder(context, settings)
  return libraryTable({
    encode(...args) {
      requireOne(context, args)
      return encoder.encode(args[0], 0)
    },
    decode(...args) {
      requireOne(context, args)
      const text = checkString(context, args, 1)
      if (text.length >= 2 && (text.charCodeAt(0) === 0 || text.charCodeAt(1) === 0)) {
        throw context.fail('JSON parser does not support UTF-16 or UTF-32')
      }
      context.charge(text.length >> 5)
      return new JsonDecoder(context, settings, text).decode()
    },
    ...createSettings(context, settings),
    new: () => createCjsonLibrary(context),
    null: LUA_NULL,
    _NAME: 'cjson',
    _VERSION: '2.1.0',
  })
}

function requireOne(context: LuaContext, args: Args): void {
  if (args.length !== 1) throw context.argumentError(1, 'expected 1 argument')
}

/** The functions that read and change settings: each gives the value in force. */
function createSettings(context: LuaContext, settings: Settings): Record<string, LuaFunction> {
  const options = createOptions(context)
  return {
    encode_sparse_array(...args) {
      limitArguments(context, args, 3)
      settings.sparseConvert = options.flag(args, 1, settings.sparseConvert)
      settings.sparseRatio = options.integer(args, 2, settings.sparseRatio, [0, INT_MAX])
      settings.sparseSafe = options.integer(args, 3, settings.sparseSafe, [0, INT_MAX])
      return [settings.sparseConvert, settings.sparseRatio, settings.sparseSafe]
    },
    encode_max_depth(...args) {
      limitArguments(context, args, 1)
      settings.encodeMaxDepth = options.integer(args, 1, settings.encodeMaxDepth, [1, INT_MAX])
      return settings.encodeMaxDepth
    },
    decode_max_depth(...args) {
      limitArguments(context, args, 1)
      settings.decodeMaxDepth = options.integer(args, 1, settings.decodeMaxDepth, [1, INT_MAX])
      return settings.decodeMaxDepth
    },
    encode_number_precision(...args) {
      limitArguments(context, args, 1)
      settings.numberPrecision = options.integer(args, 1, settings.numberPrecision, [1, 14])
      return settings.numberPrecision
    },
    encode_keep_buffer(...args) {
      limitArguments(context, args, 1)
      settings.keepBuffer = options.flag(args, 1, settings.keepBuffer)
      return settings.keepBuffer
    },
    encode_invalid_numbers(...args) {
      limitArguments(context, args, 1)
      const [value] = args
      if (typeof value === 'boolean') settings.encodeInvalidNumbers = value ? 'on' : 'off'
      else if (value !== undefined) {
        settings.encodeInvalidNumbers = options.choice(args, 1, ['off', 'on', 'null'])
      }
      const current = settings.encodeInvalidNumbers
      return current === 'null' ? current : current === 'on'
    },
    decode_invalid_numbers(...args) {
      limitArguments(context, args, 1)
      settings.decodeInvalidNumbers = options.flag(args, 1, settings.decodeInvalidNumbers)
      return settings.decodeInvalidNumbers
    },
  }
}

function limitArguments(context: LuaContext, args: Args, most: number): void {
  if (args.length > most) throw context.argumentError(most + 1, 'found too many arguments')
}

function createOptions(context: LuaContext): {
  integer(args: Args, index: number, current: number, range: readonly [number, number]): number
  choice<T extends string>(args: Args, index: number, choices: readonly T[]): T
  flag(args: Args, index: number, current: boolean): boolean
} {
  function choice<T extends string>(args: Args, index: number, choices: readonly T[]): T {
    const text = checkString(context, args, index)
    const found = choices.find((each) => each === text)
    if (found === undefined) throw context.argumentError(index, `invalid option '${text}'`)
    return found
  }
  return {
    choice,
    integer(args, index, current, [least, most]) {
      if (args[index - 1] === undefined) return current
      const value = toInt(checkInteger(context, args, index))
      if (value >= least && value <= most) return value
      throw context.argumentError(1, `expected integer between ${least} and ${most}`)
    },
    flag(args, index, current) {
      const value = args[index - 1]
      if (value === undefined || typeof value === 'boolean') return value ?? current
      return choice(args, index, ['off', 'on']) === 'on'
    },
  }
}
