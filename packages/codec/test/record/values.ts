import fc from 'fast-check'

const texts = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  // Around the lengths at which MessagePack and its readers change their ways.
  fc
    .tuple(
      fc.constantFrom('a', 'é', '€', '😀', '\ufeff'),
      fc.constantFrom(0, 1, 15, 16, 31, 32, 63, 64, 65, 127, 255, 256, 700),
    )
    .map(([unit, length]) => unit.repeat(length)),
)

const numbers = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.constantFrom(
    0x3f,
    0x40,
    0x7f,
    0x80,
    0xff,
    0x100,
    0xffff,
    0x10000,
    0x7fffffff,
    0x80000000,
    0xffffffff,
    2 ** 32,
    -0x20,
    -0x21,
    -0x80,
    -0x81,
    -0x8000,
    -0x8001,
    -0x80000000,
    -0x80000001,
    2 ** 53,
  ),
)

const bigints = fc.oneof(
  fc.bigInt(),
  fc.bigInt({ min: -(2n ** 300n), max: 2n ** 300n }),
  fc.constantFrom(2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n, 2n ** 64n, -(2n ** 63n) - 1n),
)

const dates = fc.oneof(
  fc.date(),
  fc.constantFrom(
    ...[0, 1, -1, 999, 4_294_967_295_999, 4_294_967_296_000, 8.64e15, -8.64e15].map(
      (ms) => new Date(ms),
    ),
  ),
)

const binaries = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.uint8Array({ maxLength: 20 }).map((bytes) => bytes.buffer),
  fc.float64Array({ maxLength: 4 }),
  fc.int16Array({ maxLength: 4 }),
  fc.bigUint64Array({ maxLength: 4 }),
)

const keys = fc.oneof(
  fc.constantFrom('a', 'b', 'c', 'id', 'name', '', '1', '2', '__proto__', 'constructor', 'length'),
  fc.string({ unit: 'grapheme', maxLength: 10 }).filter((key) => key !== '__keys__'),
)

/** An object with `__proto__` as a property like any other, as `JSON.parse` makes it. */
function objectOf(entries: readonly (readonly [string, unknown])[]): object {
  const object = {}
  for (const [key, value] of entries) {
    const property = { value, enumerable: true, configurable: true, writable: true }
    Object.defineProperty(object, key, property)
  }
  return object
}

const tree = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', maxDepth: 5, withCrossShrink: true },
    fc.constantFrom(null, undefined, false, true),
    texts,
    numbers,
    bigints,
    dates,
    binaries,
    tie('array'),
    tie('object'),
    tie('map'),
    tie('set'),
  ),
  array: fc.array(tie('value'), { maxLength: 20 }),
  object: fc.array(fc.tuple(keys, tie('value')), { maxLength: 6 }).map(objectOf),
  map: fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 4 }).map((all) => new Map(all)),
  set: fc.array(tie('value'), { maxLength: 4 }).map((all) => new Set(all)),
}))

/** Everything that a record may hold. */
export const values: fc.Arbitrary<unknown> = tree['value'] as fc.Arbitrary<unknown>

/** What decoding gives: the same, with -0 as 0. */
export function normalized(value: unknown): unknown {
  if (Object.is(value, -0)) return 0
  if (Array.isArray(value)) return value.map(normalized)
  if (value instanceof Map) {
    return new Map([...value].map(([key, entry]) => [normalized(key), normalized(entry)]))
  }
  if (value instanceof Set) return new Set([...value].map(normalized))
  if (value === null || typeof value !== 'object' || value.constructor === Date) return value
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return value
  if (value instanceof Date) return value
  return objectOf(Object.entries(value).map(([key, entry]) => [key, normalized(entry)]))
}

/** Objects of many shapes: more than a record's table takes. */
export function manyShapes(count: number): Record<string, number>[] {
  return Array.from({ length: count }, (_, i) => ({ [`k${i}`]: i, [`l${i % 3}`]: i, k: 1 }))
}
