import { numberToString } from '../number.ts'
import type { LuaContext } from '../runtime/context.ts'
import { firstOf, LuaUserdata, type LuaValue, typeName } from '../value.ts'

/** Invented addresses of things that have an identity; stable while they live. */
const addresses = new WeakMap<object, string>()
let lastAddress = 0x5581_0000_1000

function addressOf(value: object): string {
  let address = addresses.get(value)
  if (address === undefined) {
    lastAddress += 48
    address = `0x${lastAddress.toString(16)}`
    addresses.set(value, address)
  }
  return address
}

/** `tostring`, with `__tostring`. */
export function luaToString(context: LuaContext, value: LuaValue): LuaValue {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return numberToString(value)
  const handler = context.metamethod(value, '__tostring')
  if (handler !== undefined) return firstOf(context.call(handler, [value]))
  return plainString(value)
}

/** `tostring` without metamethods. */
export function plainString(value: LuaValue): string {
  switch (typeof value) {
    case 'undefined':
      return 'nil'
    case 'boolean':
      return String(value)
    case 'number':
      return numberToString(value)
    case 'string':
      return value
    default:
      if (value instanceof LuaUserdata && value.tag !== undefined) return value.tag
      return `${typeName(value)}: ${addressOf(value)}`
  }
}
