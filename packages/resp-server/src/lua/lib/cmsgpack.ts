import type { LuaContext } from '../runtime/context.ts'
import type { LuaTable } from '../table.ts'
import type { LuaValue } from '../value.ts'
import { type Args, checkInteger, checkString, libraryTable, optInteger } from './arguments.ts'
import { MessagePacker } from './cmsgpack-pack.ts'
import { MessageUnpacker } from './cmsgpack-unpack.ts'

/** A function gives at most so many values, less its own arguments. */
const MAX_RESULTS = 8000

/** lua-cmsgpack 0.4.0. */
export function createCmsgpackLibrary(context: LuaContext): LuaTable {
  return libraryTable({
    pack(...args) {
      if (args.length === 0) throw context.argumentError(0, 'MessagePack pack needs input.')
      const packer = new MessagePacker((bytes) => context.reserve(bytes))
      for (const value of args) packer.pack(value)
      return packer.finish()
    },
    unpack: (...args) => unpack(context, args, 0, 0),
    unpack_one: (...args) => unpack(context, args, 1, optInteger(context, args, 2, 0)),
    unpack_limit: (...args) =>
      unpack(context, args, checkInteger(context, args, 2), optInteger(context, args, 3, 0)),
    _NAME: 'cmsgpack',
    _VERSION: 'lua-cmsgpack 0.4.0',
    _COPYRIGHT: '',
    _DESCRIPTION: 'MessagePack C implementation for Lua',
  })
}

/** Unpacks up to `limit` values from `offset`; all of them when both are 0. */
function unpack(context: LuaContext, args: Args, limit: number, offset: number): LuaValue[] {
  const data = checkString(context, args, 1)
  if (offset < 0 || limit < 0) {
    throw context.fail(
      `Invalid request to unpack with offset of ${offset} and limit of ${data.length}.`,
    )
  }
  if (offset > data.length) {
    throw context.fail(`Start offset ${offset} greater than input length ${data.length}.`)
  }
  const isAll = limit === 0 && offset === 0
  const unpacker = new MessageUnpacker(context, data, offset)
  context.charge(data.length >> 5)
  const values: LuaValue[] = []
  for (let count = 0; !unpacker.isAtEnd && (isAll || count < limit); count++) {
    if (values.length + args.length >= MAX_RESULTS) {
      throw context.fail(
        'stack overflow (too many return values at once; use unpack_one or unpack_limit instead.)',
      )
    }
    values.push(unpacker.read())
  }
  if (!isAll) values.unshift(unpacker.isAtEnd ? -1 : unpacker.offset)
  return values
}
