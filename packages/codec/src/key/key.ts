/** What a key may be made of. Numbers are any but NaN, bigints are int64, dates are valid. */
export type KeyPart =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Date
  | readonly KeyPart[]

/** A key: its parts compare from left to right, and a tuple comes before its own extensions. */
export type KeyTuple = readonly KeyPart[]

/** The first byte of each part; their order is the order of the types. See docs/formats/keys.md. */
export const TAG = {
  end: 0x00,
  null: 0x10,
  false: 0x20,
  true: 0x21,
  bigint: 0x30,
  number: 0x40,
  string: 0x50,
  bytes: 0x60,
  date: 0x70,
  tuple: 0x80,
} as const

/** Follows a 0x00 that belongs to a string or to bytes; no part starts with it. */
export const ESCAPE = 0xff

/** How deep tuples may be nested in a key. */
export const KEY_DEPTH_MAX = 32

/** Largest number of ms that a valid Date holds, in either direction. */
export const DATE_MAX_MS = 8.64e15
