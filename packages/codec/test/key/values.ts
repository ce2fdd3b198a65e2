import type { KeyPart, KeyTuple } from '@ashlar/codec'
import fc from 'fast-check'

const strings = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }),
  // Few characters, so that strings are often equal or prefixes of each other; among them NUL, the
  // ends of each length of UTF-8, lone surrogates and what stands around them.
  fc.string({
    unit: fc.constantFrom(
      '\0',
      'a',
      'b',
      '\u007f',
      '\u0080',
      '\u07ff',
      '\u0800',
      '\ud7ff',
      '\ud800',
      '\udbff',
      '\udc00',
      '\udfff',
      '\ue000',
      '\uffff',
      '\u{10000}',
      '\u{10ffff}',
    ),
    maxLength: 4,
  }),
  fc.string({ unit: 'grapheme', minLength: 20, maxLength: 200 }),
)

const numbers = fc.oneof(
  fc.double({ noNaN: true }),
  fc.integer(),
  fc.constantFrom(
    0,
    -0,
    1,
    -1,
    0.5,
    -0.5,
    Number.MAX_VALUE,
    -Number.MAX_VALUE,
    Number.MIN_VALUE,
    -Number.MIN_VALUE,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    2 ** 53,
    -(2 ** 53),
  ),
)

const bigints = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.constantFrom(0n, 1n, -1n, 255n, 256n, -(2n ** 63n), 2n ** 63n - 1n),
)

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 8 }),
  fc.array(fc.constantFrom(0, 1, 0xfe, 0xff), { maxLength: 4 }).map((all) => Uint8Array.from(all)),
)

const dates = fc.oneof(
  fc.date({ noInvalidDate: true }),
  fc.constantFrom(...[0, -1, 8.64e15, -8.64e15].map((ms) => new Date(ms))),
)

const parts = fc.letrec<{ part: KeyPart; tuple: KeyPart[] }>((tie) => ({
  part: fc.oneof(
    { depthSize: 'small', maxDepth: 4 },
    fc.constantFrom(null, false, true),
    strings,
    numbers,
    bigints,
    bytes,
    dates,
    tie('tuple'),
  ),
  tuple: fc.array(tie('part'), { maxLength: 4 }),
}))

export const tuples: fc.Arbitrary<KeyPart[]> = parts.tuple

/** Two tuples that often share a beginning. */
export const pairs: fc.Arbitrary<[KeyPart[], KeyPart[]]> = fc
  .tuple(tuples, tuples, tuples)
  .chain(([start, left, right]) =>
    fc.constantFrom<[KeyPart[], KeyPart[]]>(
      [left, right],
      [left, left],
      [
        [...start, ...left],
        [...start, ...right],
      ],
      [start, [...start, ...right]],
      [[start, ...left], [[...start, ...right]]],
    ),
  )

const RANKS = ['null', 'false', 'true', 'bigint', 'number', 'string', 'bytes', 'date', 'tuple']

function kindOf(part: KeyPart): string {
  if (part === null || typeof part === 'boolean') return String(part)
  if (part instanceof Uint8Array) return 'bytes'
  if (part instanceof Date) return 'date'
  return Array.isArray(part) ? 'tuple' : typeof part
}

/** The order of values, said as plainly as can be: what the order of bytes is held against. */
export function compareParts(a: KeyPart, b: KeyPart): number {
  const kind = kindOf(a)
  const byKind = RANKS.indexOf(kind) - RANKS.indexOf(kindOf(b))
  if (byKind !== 0) return byKind
  if (kind === 'string') return compareLists(codePoints(a as string), codePoints(b as string))
  if (kind === 'bytes') return compareLists([...(a as Uint8Array)], [...(b as Uint8Array)])
  if (kind === 'tuple') return compareTuples(a as KeyTuple, b as KeyTuple)
  const [left, right] = [a, b] as [number, number]
  return left < right ? -1 : left > right ? 1 : 0
}

export function compareTuples(a: KeyTuple, b: KeyTuple): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const order = compareParts(a[i] as KeyPart, b[i] as KeyPart)
    if (order !== 0) return order
  }
  return a.length - b.length
}

function compareLists(a: readonly number[], b: readonly number[]): number {
  return compareTuples(a, b)
}

function codePoints(text: string): number[] {
  return Array.from(text, (character) => character.codePointAt(0) ?? 0)
}

/** What decoding gives: the same, with -0 as 0. */
export function normalized(part: KeyPart): KeyPart {
  if (Array.isArray(part)) return part.map(normalized)
  return Object.is(part, -0) ? 0 : part
}
