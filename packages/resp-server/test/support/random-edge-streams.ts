import { integer, key, member, value } from './edge-values.ts'
import type { CommandGenerator, Maker } from './random-commands.ts'

const half = (g: CommandGenerator): string =>
  g.pick([
    '0',
    '1',
    '2',
    '18446744073709551615',
    '18446744073709551614',
    '18446744073709551616',
    '9223372036854775807',
    '9223372036854775808',
    '9007199254740993',
    '9007199254740992',
    '4294967296',
    '-1',
    '00',
    '01',
    '',
  ])
const id = (g: CommandGenerator): string =>
  g.below(3) === 0 ? half(g) : `${half(g)}-${g.below(8) === 0 ? '*' : half(g)}`
const end = (g: CommandGenerator): string =>
  g.below(4) === 0 ? g.pick(['-', '+', '(-', '(+', '(']) : `${g.pick(['', '', '('])}${id(g)}`
const x = (g: CommandGenerator): string => key(g, 'ex')
/** Counters are doubles here. */
const count = (g: CommandGenerator): string =>
  g.pick(['0', '1', '4294967296', '9007199254000000', '-1', 'x'])
export const edgeStreams: Maker[] = [
  ...[1, 2, 3].map(() => (g: CommandGenerator) => [
    'XADD',
    x(g),
    ...g.maybe(g.pick(['MAXLEN', 'MINID']), ...g.maybe('='), g.pick([id(g), integer(g)])),
    id(g),
    ...g.some(() => member(g), 2).flatMap((field) => [field, value(g)]),
  ]),
  (g) => [g.pick(['XRANGE', 'XREVRANGE']), x(g), end(g), end(g), ...g.maybe('COUNT', integer(g))],
  (g) => ['XDEL', x(g), ...g.some(() => id(g))],
  (g) => (g.below(5) === 0 ? ['DEL', x(g)] : ['XLEN', x(g)]),
  (g) => ['XTRIM', x(g), g.pick(['MAXLEN', 'MINID']), ...g.maybe('='), g.pick([id(g), integer(g)])],
  (g) => ['XSETID', x(g), id(g), ...g.maybe('ENTRIESADDED', count(g), 'MAXDELETEDID', id(g))],
  (g) => ['XREAD', ...g.maybe('COUNT', integer(g)), 'STREAMS', x(g), id(g)],
  (g) => [
    'XGROUP',
    'CREATE',
    x(g),
    'g1',
    id(g),
    ...g.maybe('MKSTREAM'),
    ...g.maybe('ENTRIESREAD', count(g)),
  ],
  (g) => ['XGROUP', 'SETID', x(g), 'g1', id(g), ...g.maybe('ENTRIESREAD', count(g))],
  ...[1, 2].map(() => (g: CommandGenerator) => [
    'XREADGROUP',
    'GROUP',
    'g1',
    g.pick(['c1', '']),
    ...g.maybe('COUNT', integer(g)),
    'STREAMS',
    x(g),
    g.pick(['>', '>', id(g)]),
  ]),
  (g) => ['XACK', x(g), 'g1', ...g.some(() => id(g))],
  (g) => ['XPENDING', x(g), 'g1', ...g.maybe(end(g), end(g), integer(g))],
  (g) => [
    'XCLAIM',
    x(g),
    'g1',
    g.pick(['c1', 'c2', '']),
    g.pick(['0', '-1', '-9223372036854775808']),
    ...g.some(() => id(g)),
    ...g.maybe('FORCE'),
    ...g.maybe('RETRYCOUNT', integer(g)),
    ...g.maybe('LASTID', id(g)),
    'JUSTID',
  ],
  (g) => [
    'XAUTOCLAIM',
    x(g),
    'g1',
    'c1',
    g.pick(['0', '-1']),
    end(g),
    ...g.maybe('COUNT', g.pick(['1', '0', '100', '-9223372036854775808', '9223372036854775807'])),
    'JUSTID',
  ],
  (g) => ['XINFO', 'STREAM', x(g)],
  (g) => ['XINFO', 'GROUPS', x(g)],
]
