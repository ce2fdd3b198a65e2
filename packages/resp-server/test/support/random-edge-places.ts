import type { CommandGenerator, Maker } from './random-commands.ts'

const edgeLongitude = (g: CommandGenerator): string =>
  g.pick([
    '180',
    '-180',
    '179.9999999999999',
    '-179.9999999999999',
    '180.0000001',
    '0',
    '-0',
    '5e-324',
    '1e308',
    '90.00000000000001',
    'nan',
    'inf',
    '0x10',
    '12.345678901234567',
  ])
const edgeLatitude = (g: CommandGenerator): string =>
  g.pick([
    '85.05112878',
    '-85.05112878',
    '85.0511287799999',
    '-85.0511287799999',
    '85.05112879',
    '90',
    '-90',
    '0',
    '-0',
    '1e-300',
    '45.12345678901234',
    '66.00000000000001',
    '-66',
    '80',
    'inf',
  ])
const distance = (g: CommandGenerator): string =>
  g.pick([
    '0',
    '-0',
    '1e-9',
    '1',
    '20015086',
    '40075000',
    '1e308',
    '5e-324',
    '-1',
    '9007199254740993',
    'inf',
    'nan',
    '111319.49',
    '5000000',
  ])
const e = (g: CommandGenerator): string => `eg${g.below(3)}`
const place = (g: CommandGenerator): string => `p${g.below(12)}`
/** At the poles, at the date line, and far beyond both. */
export const edgePlaces: Maker[] = [
  ...[1, 2].map(() => (g: CommandGenerator) => [
    'GEOADD',
    e(g),
    edgeLongitude(g),
    edgeLatitude(g),
    place(g),
  ]),
  (g) => [
    'ZADD',
    e(g),
    g.pick([
      '0',
      '4503599627370495',
      '4503599627370496',
      '-1',
      '9007199254740992',
      '1e308',
      'inf',
      '-inf',
      '0.5',
      '18446744073709551615',
      '1e-300',
    ]),
    place(g),
  ],
  (g) => ['GEOPOS', e(g), place(g), place(g)],
  (g) => ['GEOHASH', e(g), place(g), place(g)],
  (g) => ['GEODIST', e(g), place(g), place(g), g.pick(['m', 'km', 'ft', 'mi'])],
  ...[1, 2, 3].map(() => (g: CommandGenerator) => [
    'GEOSEARCH',
    e(g),
    ...(g.below(2) === 0
      ? ['FROMMEMBER', place(g)]
      : ['FROMLONLAT', edgeLongitude(g), edgeLatitude(g)]),
    ...(g.below(2) === 0
      ? ['BYRADIUS', distance(g), g.pick(['m', 'km', 'ft', 'mi'])]
      : ['BYBOX', distance(g), distance(g), g.pick(['m', 'km'])]),
    ...g.maybe('WITHDIST'),
    ...g.maybe('WITHHASH'),
    ...g.maybe('WITHCOORD'),
  ]),
  (g) => ['GEORADIUS', e(g), edgeLongitude(g), edgeLatitude(g), distance(g), 'km', 'WITHDIST'],
  (g) => (g.below(20) === 0 ? ['DEL', e(g)] : ['ZCARD', e(g)]),
]
