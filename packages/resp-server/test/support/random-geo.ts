import type { CommandGenerator, Maker } from './random-commands.ts'

const key = (g: CommandGenerator): string => (g.below(15) === 0 ? g.key('s') : `g${g.below(3)}`)
const longitude = (g: CommandGenerator): string =>
  g.pick(['0', '13.361389', '-122.4', '179.99', '-180', '181', 'x', String(g.below(360) - 180)])
const latitude = (g: CommandGenerator): string =>
  g.pick(['0', '38.115556', '37.77', '-85.05', '85.06', '70', '-82', String(g.below(170) - 85)])
/** Hardly ever twice the same: the order of equal distances is open. */
const anywhere = (g: CommandGenerator): [string, string] =>
  g.below(30) === 0
    ? [longitude(g), latitude(g)]
    : [`${g.below(358) - 179}.${g.below(1e6)}`, `${g.below(168) - 84}.${g.below(1e6)}`]
const place = (g: CommandGenerator): string => `p${g.below(30)}`
const unit = (g: CommandGenerator): string => g.pick(['m', 'km', 'MI', 'ft', 'yd'])
const size = (g: CommandGenerator): string =>
  g.pick(['0', '1', '500', '5000', '20000000', '-1', 'x', '100.5'])
const shared = (g: CommandGenerator): string[] => [
  ...g.maybe('WITHDIST'),
  ...g.maybe('WITHCOORD'),
  ...g.maybe('WITHHASH'),
  ...g.maybe('COUNT', g.pick(['1', '3', '100', '0']), ...g.maybe('ANY')),
  ...g.maybe(g.pick(['ASC', 'DESC'])),
]

export const geo: Maker[] = [
  ...[1, 2, 3].map(() => (g: CommandGenerator) => [
    'GEOADD',
    key(g),
    ...g.maybe(g.pick(['NX', 'XX', 'CH'])),
    ...g.some(() => '', 3).flatMap(() => [...anywhere(g), place(g)]),
  ]),
  (g) => ['GEOPOS', key(g), ...g.some(() => place(g))],
  (g) => ['GEOHASH', key(g), ...g.some(() => place(g))],
  (g) => ['GEODIST', key(g), place(g), place(g), ...g.maybe(unit(g))],
  (g) => (g.below(20) === 0 ? ['DEL', key(g)] : ['ZCARD', key(g)]),
  (g) => [
    g.pick(['GEORADIUS', 'GEORADIUS_RO']),
    key(g),
    longitude(g),
    latitude(g),
    size(g),
    unit(g),
    ...shared(g),
    ...g.maybe(g.pick(['STORE', 'STOREDIST']), 'g9'),
  ],
  (g) => [
    g.pick(['GEORADIUSBYMEMBER', 'GEORADIUSBYMEMBER_RO']),
    key(g),
    place(g),
    size(g),
    unit(g),
    ...shared(g),
  ],
  ...[1, 2].map(() => (g: CommandGenerator) => [
    'GEOSEARCH',
    key(g),
    ...(g.below(2) === 0 ? ['FROMMEMBER', place(g)] : ['FROMLONLAT', longitude(g), latitude(g)]),
    ...(g.below(2) === 0 ? ['BYRADIUS', size(g), unit(g)] : ['BYBOX', size(g), size(g), unit(g)]),
    ...shared(g),
  ]),
  (g) => [
    'GEOSEARCHSTORE',
    'g9',
    key(g),
    'FROMLONLAT',
    longitude(g),
    latitude(g),
    'BYRADIUS',
    size(g),
    unit(g),
    ...g.maybe('STOREDIST'),
    ...g.maybe('COUNT', '3'),
  ],
  // their order: scores of 17 digits print differently since 7.2
  () => ['ZRANGE', 'g9', '0', '-1'],
]
