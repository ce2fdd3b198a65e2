/** Keys and values: bytes; strings are written as UTF-8. */
export type Bytes = Uint8Array | string

/** Strings this short take at most 127 bytes, so that their length is one varint byte. */
const SHORT = 42

/** Throws a TypeError naming `field` unless it is a string or bytes. */
export function checkBytes(value: unknown, field: string): asserts value is Bytes {
  if (typeof value === 'string' || value instanceof Uint8Array) return
  throw new TypeError(`${field} must be a string or a Uint8Array, got ${describe(value)}`)
}

export function describe(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'an array' : typeof value
}

/** Most bytes that it can take, without looking at it. */
export function bytesBound(value: Bytes): number {
  return typeof value === 'string' ? value.length * 3 : value.length
}

/** Bytes that it takes. */
export function bytesLength(value: Bytes): number {
  return typeof value === 'string' ? Buffer.byteLength(value) : value.length
}

/** Writes it at `offset` and returns the new offset. `text` and `bytes` view the same memory. */
export function writeBytes(text: Buffer, bytes: Uint8Array, offset: number, value: Bytes): number {
  const { length } = value
  if (typeof value !== 'string') {
    if (length > 48) bytes.set(value, offset)
    else for (let i = 0; i < length; i++) bytes[offset + i] = value[i] as number
    return offset + length
  }
  if (length > SHORT) return offset + text.write(value, offset)
  for (let i = 0; i < length; i++) {
    const code = value.charCodeAt(i)
    if (code > 0x7f) return offset + text.write(value, offset)
    bytes[offset + i] = code
  }
  return offset + length
}

/** The bytes themselves, encoded when they are a string. */
export function toBytes(value: Bytes): Uint8Array {
  return typeof value === 'string' ? Buffer.from(value) : value
}

/** Holds one key at a time, so that lookups allocate nothing and see one kind of array. */
export class KeyScratch {
  bytes: Uint8Array = new Uint8Array(256)
  length = 0
  #text: Buffer = Buffer.from(this.bytes.buffer)
  readonly #prefix: Uint8Array

  /** The prefix stands in front of every key. */
  constructor(prefix: Uint8Array) {
    this.#prefix = prefix
    this.bytes.set(prefix)
  }

  set(key: Bytes): this {
    checkBytes(key, 'key')
    const { length } = this.#prefix
    const bound = length + bytesBound(key)
    if (bound > this.bytes.length) this.#grow(bound)
    this.length = writeBytes(this.#text, this.bytes, length, key)
    return this
  }

  #grow(bound: number): void {
    this.bytes = new Uint8Array(bound * 2)
    this.bytes.set(this.#prefix)
    this.#text = Buffer.from(this.bytes.buffer)
  }
}
