import { ReplyError } from '../errors.ts'
import { Collection } from '../values/collection.ts'
import type { LargeString } from '../values/large-string.ts'
import { ColdValue, type Value } from './value.ts'

export const wrongType = (): ReplyError =>
  new ReplyError('WRONGTYPE Operation against a key holding the wrong kind of value')

/** What TYPE answers. */
export const typeNameOf = (value: Value | ColdValue): string =>
  value instanceof ColdValue || value instanceof Collection ? value.typeName : 'string'

export function asString(value: Value | undefined): string | LargeString | undefined {
  if (value instanceof Collection) throw wrongType()
  return value
}

export function expectType<C extends Collection>(
  value: Value | undefined,
  type: new () => C,
): C | undefined {
  if (value === undefined || value instanceof type) return value
  throw wrongType()
}
