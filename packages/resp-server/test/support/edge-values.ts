import type { CommandGenerator } from './random-commands.ts'

/** Integers where a sign, a double's digits, 32 or 64 bits end, and their neighbours. */
export const INTEGERS: readonly string[] = [31n, 32n, 33n, 53n, 63n, 64n].flatMap((power) =>
  [-1n, 1n].flatMap((sign) =>
    [-48n, -2n, -1n, 0n, 1n, 2n, 10n].map((by) => String(sign * (2n ** power + by))),
  ),
)

const FLOATS: readonly string[] = [
  '1e308',
  '1.7976931348623157e308',
  '-1.7976931348623157e308',
  '1.8e308',
  '5e-324',
  '2.2250738585072014e-308',
  '2e-324',
  '1e-7',
  '0.1',
  '0.2',
  '0.30000000000000004',
  '-0',
  '-0.0',
  '0',
  '1e21',
  '123456789012345680000',
  '999999999999999900000',
  '1e17',
  '12345678901234567',
  '0.12345678901234568',
  '1.2345678901234567e-5',
  '9007199254740993.5',
  '4503599627370495.5',
  '3.0000000000000004',
  '0x10',
  '0x1p-3',
  '1e',
  '1e400',
  '+1',
  '.5',
  '5.',
  'inf',
  '-Infinity',
  '1_000',
  ' 1',
  '1 ',

  '1e5000',
  '00012',
]

export const integer = (g: CommandGenerator): string =>
  g.below(3) === 0 ? g.integer() : g.pick(INTEGERS)
const float = (g: CommandGenerator): string =>
  g.below(4) === 0 ? g.pick(INTEGERS) : g.pick(FLOATS)
export const number = (g: CommandGenerator): string => (g.below(2) === 0 ? integer(g) : float(g))

const NAMES: readonly string[] = [
  '',
  '\0',
  '\r\n',
  '\xff\xfe',
  'n'.repeat(43),
  'n'.repeat(44),
  'n'.repeat(45),
  'n'.repeat(63),
  'n'.repeat(64),
  'n'.repeat(65),
  'n'.repeat(255),
  'n'.repeat(256),
  'n'.repeat(4096),
  'n'.repeat(16_383),
  'n'.repeat(16_384),
  '*',
  '[',
  '\\',
  '{}',
]

export const member = (g: CommandGenerator): string =>
  g.below(3) === 0 ? g.pick(NAMES) : g.below(2) === 0 ? number(g) : g.member()
/** A key of one kind; some are so long that they come as bytes, or are stored by their hash. */
export const key = (g: CommandGenerator, kind: string): string => {
  const name = g.below(5)
  return name === 4 ? `${kind}${'k'.repeat(g.pick([300, 60_001, 70_000]))}` : `${kind}${name}`
}
export const value = (g: CommandGenerator): string => (g.below(2) === 0 ? number(g) : member(g))
