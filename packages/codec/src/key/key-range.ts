import { encodeKey } from './encode-key.ts'
import { ESCAPE, type KeyTuple } from './key.ts'

/** A range of keys, in the form that `scan` of the store takes. */
export interface KeyRange {
  readonly gte: Uint8Array
  readonly lt: Uint8Array
}

/**
 * The range of all keys whose tuple starts with these parts, the tuple itself included.
 *
 * @throws CodecError `KEY_INVALID` as {@link encodeKey} does.
 * @example
 * ```ts
 * for await (const [key, value] of store.scan(keyPrefix(['user', 42]))) use(key, value)
 * ```
 */
export function keyPrefix(tuple: KeyTuple): KeyRange {
  const gte = encodeKey(tuple)
  const lt = new Uint8Array(gte.length + 1)
  lt.set(gte)
  lt[gte.length] = ESCAPE // above every tag
  return { gte, lt }
}

/**
 * The smallest byte string greater than every string that starts with `prefix`; undefined when
 * there is none, for an empty prefix or one of 0xff only.
 *
 * @example
 * ```ts
 * prefixEnd(new Uint8Array([1, 0xff])) // => Uint8Array [2]
 * ```
 */
export function prefixEnd(prefix: Uint8Array): Uint8Array | undefined {
  let length = prefix.length
  while (length > 0 && prefix[length - 1] === 0xff) length--
  if (length === 0) return undefined
  // copied: the slice of a Buffer would share its bytes, and the next line write into the argument
  const end = new Uint8Array(prefix.subarray(0, length))
  end[length - 1] = (end[length - 1] as number) + 1
  return end
}
