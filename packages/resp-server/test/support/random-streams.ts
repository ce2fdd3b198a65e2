import type { CommandGenerator, Maker } from './random-commands.ts'

/** IDs that grow most of the time, so that entries get in; some are wrong, some extreme. */
const newId = (g: CommandGenerator): string =>
  g.below(12) === 0
    ? g.pick(['0-0', '0-1', '5', '18446744073709551615-1', 'x', '1-x', '-5', '007-1', '+', '1-*'])
    : `${g.tick() + g.below(3) - 1}-${g.pick(['0', '1', '*', '7'])}`

/** An ID of the recent past. */
const oldId = (g: CommandGenerator): string =>
  `${Math.max(0, g.tick() - g.below(12))}${g.pick(['', '-0', '-1', '-7'])}`

const bound = (g: CommandGenerator): string =>
  g.pick([
    '-',
    '+',
    oldId(g),
    `(${oldId(g)}`,
    '(',
    'x',
    '0',
    '(18446744073709551615-18446744073709551615',
  ])
const count = (g: CommandGenerator): string[] => g.maybe('COUNT', g.integer())
const group = (g: CommandGenerator): string => g.pick(['g1', 'g1', 'g2', 'nope'])
const consumer = (g: CommandGenerator): string => g.pick(['c1', 'c2', 'c3'])
const key = (g: CommandGenerator): string => (g.below(15) === 0 ? g.key('s') : `x${g.below(3)}`)
const trim = (g: CommandGenerator): string[] => [
  g.pick(['MAXLEN', 'MINID', 'maxlen']),
  ...g.maybe(g.pick(['~', '='])),
  g.pick([g.integer(), '5', '20', oldId(g)]),
  ...g.maybe('LIMIT', g.integer()),
]

export const streams: Maker[] = [
  ...Array.from({ length: 4 }, () => (g: CommandGenerator) => [
    'XADD',
    key(g),
    ...(g.below(8) === 0 ? ['NOMKSTREAM'] : []),
    ...(g.below(5) === 0 ? trim(g) : []),
    newId(g),
    ...g.some(() => g.member(), 2).flatMap((field) => [field, g.value()]),
  ]),
  (g) => ['XLEN', key(g)],
  (g) => ['XRANGE', key(g), bound(g), bound(g), ...count(g)],
  (g) => ['XREVRANGE', key(g), bound(g), bound(g), ...count(g)],
  (g) => ['XDEL', key(g), ...g.some(() => oldId(g))],
  (g) => ['XTRIM', key(g), ...trim(g)],
  (g) => (g.below(10) === 0 ? ['DEL', key(g)] : ['TYPE', key(g)]),
  (g) => (g.below(10) === 0 ? ['COPY', key(g), key(g), 'REPLACE'] : ['EXISTS', key(g)]),
  (g) => [
    'XSETID',
    key(g),
    oldId(g),
    ...g.maybe('ENTRIESADDED', g.pick(['1', '100', '-1', 'x'])),
    ...g.maybe('MAXDELETEDID', oldId(g)),
  ],
  (g) => ['XREAD', ...count(g), 'STREAMS', key(g), key(g), oldId(g), g.pick(['0', '$', oldId(g)])],
  (g) => ['XREAD', 'BLOCK', '1', ...count(g), 'STREAMS', key(g), g.pick(['$', oldId(g), '>'])],
  (g) => [
    'XGROUP',
    'CREATE',
    key(g),
    group(g),
    g.pick(['0', '$', oldId(g), '-', 'x']),
    ...g.maybe('MKSTREAM'),
    ...g.maybe('ENTRIESREAD', g.integer()),
  ],
  (g) => ['XGROUP', 'SETID', key(g), group(g), g.pick(['0', '$', oldId(g)])],
  (g) => (g.below(4) === 0 ? ['XGROUP', 'DESTROY', key(g), group(g)] : ['XINFO', 'GROUPS', key(g)]),
  (g) => ['XGROUP', 'DELCONSUMER', key(g), group(g), consumer(g)],
  ...Array.from({ length: 3 }, () => (g: CommandGenerator) => [
    'XREADGROUP',
    'GROUP',
    group(g),
    consumer(g),
    ...count(g),
    ...g.maybe('NOACK'),
    ...g.maybe('BLOCK', '1'),
    'STREAMS',
    key(g),
    g.pick(['>', '>', '0', '$', oldId(g)]),
  ]),
  (g) => ['XACK', key(g), group(g), ...g.some(() => oldId(g))],
  (g) => ['XPENDING', key(g), group(g)],
  (g) => [
    'XPENDING',
    key(g),
    group(g),
    ...g.maybe('IDLE', '0'),
    bound(g),
    bound(g),
    g.pick(['10', '1', '0', '-1', 'x']),
    ...g.maybe(consumer(g)),
  ],
  (g) => [
    'XCLAIM',
    key(g),
    group(g),
    consumer(g),
    g.pick(['0', '10000000', '-1', 'x']),
    ...g.some(() => oldId(g)),
    ...g.maybe(g.pick(['FORCE', 'JUSTID', 'QQ'])),
    ...g.maybe('IDLE', '5'),
    ...g.maybe('RETRYCOUNT', g.pick(['3', 'x', '-1'])),
    ...g.maybe('LASTID', oldId(g)),
  ],
  (g) => [
    'XAUTOCLAIM',
    key(g),
    group(g),
    consumer(g),
    g.pick(['0', '10000000', 'x']),
    bound(g),
    ...count(g),
    ...g.maybe('JUSTID'),
  ],
  (g) => ['XINFO', 'STREAM', key(g)],
  (g) => ['XINFO', g.pick(['GROUPS', 'NOPE']), key(g)],
]
