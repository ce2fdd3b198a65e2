import { INTEGERS, integer, key, member, number, value } from './edge-values.ts'
import type { CommandGenerator, Maker } from './random-commands.ts'
import { edgePlaces } from './random-edge-places.ts'
import { edgeStreams } from './random-edge-streams.ts'

/** The empty name belongs to the strings. */
const s = (g: CommandGenerator): string => (g.below(20) === 0 ? '' : key(g, 'es'))

const edgeStrings: Maker[] = [
  (g) => ['SET', s(g), value(g)],
  (g) => ['SET', s(g), number(g)],
  (g) => ['GET', s(g)],
  (g) => [g.pick(['INCRBY', 'DECRBY']), s(g), integer(g)],
  (g) => [g.pick(['INCR', 'DECR']), s(g)],
  ...[1, 2].map(() => (g: CommandGenerator) => ['INCRBYFLOAT', s(g), number(g)]),
  (g) => ['APPEND', s(g), g.pick(['', '0', '.5', 'e3'])],
  (g) => [g.pick(['GETRANGE', 'SUBSTR']), s(g), integer(g), integer(g)],
  (g) => [
    'SETRANGE',
    s(g),
    g.pick(['0', '3', '-1', ...INTEGERS.filter((n) => n.length > 10)]),
    g.pick(['', 'x']),
  ],
  (g) => ['STRLEN', s(g)],
  (g) => ['LCS', s(g), s(g), 'LEN'],
  (g) => ['GETBIT', s(g), integer(g)],
  (g) => [
    'SETBIT',
    s(g),
    g.pick(['0', '7', '8', '-1', '4294967296', '18446744073709551615']),
    g.pick(['0', '1', '2']),
  ],
  (g) => ['BITCOUNT', s(g), integer(g), integer(g), ...g.maybe(g.pick(['BIT', 'BYTE']))],
  (g) => [
    'BITPOS',
    s(g),
    g.pick(['0', '1']),
    ...g.maybe(integer(g), ...g.maybe(integer(g), ...g.maybe(g.pick(['BIT', 'BYTE'])))),
  ],
  (g) => [
    'BITFIELD',
    s(g),
    ...g.maybe('OVERFLOW', g.pick(['SAT', 'FAIL', 'WRAP'])),
    // of signed fields smaller than 64 bits Redis subtracts until it overflows
    ...(g.below(2) === 0
      ? ['SET', g.pick(['u63', 'i64', 'u32', 'u1', 'u53'])]
      : ['INCRBY', g.pick(['u63', 'i64', 'i63', 'u32', 'i33', 'u1', 'i1', 'u53', 'i54'])]),
    g.pick(['0', '1', '#1', '7', '63', '-1', '4294967296', '9223372036854775807']),
    integer(g),
    'GET',
    g.pick(['u63', 'i64', 'u53', 'i2']),
    g.pick(['0', '1', '#1', '4294967288', '4294967000', '#9223372036854775807']),
  ],
]

const edgeHashes: Maker[] = [
  ...[1, 2].map(() => (g: CommandGenerator) => [
    'HSET',
    key(g, 'eh'),
    ...g.some(() => member(g)).flatMap((field) => [field, value(g)]),
  ]),
  (g) => ['HGET', key(g, 'eh'), member(g)],
  (g) => ['HDEL', key(g, 'eh'), ...g.some(() => member(g))],
  (g) => [g.pick(['HLEN', 'HGETALL']), key(g, 'eh')],
  (g) => [g.pick(['HEXISTS', 'HSTRLEN']), key(g, 'eh'), member(g)],
  (g) => ['HINCRBY', key(g, 'eh'), member(g), integer(g)],
  ...[1, 2].map(() => (g: CommandGenerator) => [
    'HINCRBYFLOAT',
    key(g, 'eh'),
    member(g),
    number(g),
  ]),
  (g) => [
    'HRANDFIELD',
    key(g, 'eh'),
    g.pick(['0', '-9223372036854775808', '9223372036854775808']),
    ...g.maybe('WITHVALUES'),
  ],
]

const edgeLists: Maker[] = [
  (g) => [g.pick(['LPUSH', 'RPUSH']), key(g, 'el'), ...g.some(() => member(g))],
  (g) => [g.pick(['LPUSHX', 'RPUSHX']), key(g, 'el'), ...g.some(() => number(g))],
  (g) => [
    g.pick(['LPOP', 'RPOP']),
    key(g, 'el'),
    ...g.maybe(
      g.pick(['1', '2', '0', ...INTEGERS.filter((n) => n.startsWith('-')), '9223372036854775808']),
    ),
  ],
  (g) => ['LRANGE', key(g, 'el'), integer(g), integer(g)],
  (g) => ['LINDEX', key(g, 'el'), integer(g)],
  (g) => ['LSET', key(g, 'el'), integer(g), member(g)],
  (g) => ['LINSERT', key(g, 'el'), g.pick(['BEFORE', 'AFTER']), member(g), member(g)],
  (g) => ['LREM', key(g, 'el'), integer(g), member(g)],
  (g) => [
    'LTRIM',
    key(g, 'el'),
    g.pick(['0', '1', '-30', '-9223372036854775808', '-4294967296']),
    g.pick(['30', '-1', '9223372036854775807', '4294967296']),
  ],
  (g) => [
    'LPOS',
    key(g, 'el'),
    member(g),
    ...g.maybe('RANK', g.pick(INTEGERS.filter((n) => n !== '-9223372036854775808'))),
    ...g.maybe('COUNT', integer(g)),
    ...g.maybe('MAXLEN', integer(g)),
  ],
  (g) => [
    'LMPOP',
    '1',
    key(g, 'el'),
    g.pick(['LEFT', 'RIGHT']),
    'COUNT',
    g.pick(['1', '0', '-9223372036854775808', '9223372036854775808']),
  ],
  (g) => [
    'LMPOP',
    g.pick(['9223372036854775807', '-9223372036854775808', '4294967297']),
    key(g, 'el'),
    'LEFT',
  ],
]

const edgeSets: Maker[] = [
  ...[1, 2].map(() => (g: CommandGenerator) => ['SADD', key(g, 'eS'), ...g.some(() => member(g))]),
  (g) => ['SADD', key(g, 'ei'), ...g.some(() => integer(g))],
  (g) => ['SREM', key(g, g.pick(['eS', 'ei'])), ...g.some(() => member(g))],
  (g) => ['SISMEMBER', key(g, g.pick(['eS', 'ei'])), member(g)],
  (g) => ['SMISMEMBER', key(g, g.pick(['eS', 'ei'])), ...g.some(() => number(g))],
  (g) => ['SMEMBERS', key(g, g.pick(['eS', 'ei']))],
  (g) => [g.pick(['SINTER', 'SUNION', 'SDIFF']), key(g, 'eS'), key(g, 'ei')],
  (g) => [
    g.pick(['SUNIONSTORE', 'SDIFFSTORE', 'SINTERSTORE']),
    key(g, 'ei'),
    key(g, 'ei'),
    key(g, 'ei'),
  ],
  (g) => [
    'SINTERCARD',
    g.pick(['2', '9223372036854775807', '4294967298']),
    key(g, 'eS'),
    key(g, 'ei'),
    ...g.maybe('LIMIT', integer(g)),
  ],
  (g) => ['SMOVE', key(g, 'ei'), key(g, 'eS'), integer(g)],
  (g) => ['SPOP', key(g, 'eS'), g.pick(['0', '-1', '-9223372036854775808', '9223372036854775808'])],
  (g) => [
    'SRANDMEMBER',
    key(g, 'eS'),
    g.pick(['0', '-9223372036854775808', '9223372036854775808']),
  ],
]

const bound = (g: CommandGenerator): string => `${g.pick(['', '', '('])}${number(g)}`
const lex = (g: CommandGenerator): string =>
  g.below(6) === 0 ? g.pick(['-', '+', '', '[', '(']) : `${g.pick(['[', '('])}${member(g)}`
const range = (g: CommandGenerator): string[] => g.maybe('LIMIT', integer(g), integer(g))
/** Whether a zero keeps its sign goes by the encoding. */
const score = (g: CommandGenerator): string => number(g).replace(/^-0(?:\.0)?$/, '0')
const z = (g: CommandGenerator): string => key(g, 'ez')
const edgeSortedSets: Maker[] = [
  ...[1, 2].map(() => (g: CommandGenerator) => [
    'ZADD',
    z(g),
    ...g.maybe(g.pick(['NX', 'XX', 'GT', 'LT'])),
    ...g.maybe('CH'),
    ...g.some(() => member(g)).flatMap((name) => [score(g), name]),
  ]),
  (g) => ['ZADD', z(g), 'INCR', score(g), member(g)],
  (g) => ['ZINCRBY', z(g), score(g), member(g)],
  (g) => ['ZREM', z(g), ...g.some(() => member(g))],
  (g) => ['ZSCORE', z(g), member(g)],
  (g) => ['ZMSCORE', z(g), ...g.some(() => member(g))],
  (g) => [g.pick(['ZRANK', 'ZREVRANK']), z(g), member(g)],
  (g) => ['ZCOUNT', z(g), bound(g), bound(g)],
  (g) => ['ZREMRANGEBYSCORE', z(g), bound(g), bound(g)],
  (g) => ['ZREMRANGEBYRANK', z(g), integer(g), integer(g)],
  (g) => [g.pick(['ZRANGE', 'ZREVRANGE']), z(g), integer(g), integer(g), ...g.maybe('WITHSCORES')],
  (g) => [
    'ZRANGE',
    z(g),
    bound(g),
    bound(g),
    'BYSCORE',
    ...g.maybe('REV'),
    ...range(g),
    ...g.maybe('WITHSCORES'),
  ],
  (g) => [g.pick(['ZRANGEBYSCORE', 'ZREVRANGEBYSCORE']), z(g), bound(g), bound(g), ...range(g)],
  (g) => ['ZADD', key(g, 'ey'), ...g.some(() => member(g)).flatMap((name) => ['0', name])],
  (g) => [g.pick(['ZLEXCOUNT', 'ZREMRANGEBYLEX']), key(g, 'ey'), lex(g), lex(g)],
  (g) => [g.pick(['ZRANGEBYLEX', 'ZREVRANGEBYLEX']), key(g, 'ey'), lex(g), lex(g), ...range(g)],
  (g) => ['ZRANGESTORE', z(g), z(g), bound(g), bound(g), 'BYSCORE', ...range(g)],
  (g) => [
    g.pick(['ZPOPMIN', 'ZPOPMAX']),
    z(g),
    ...g.maybe(g.pick(['1', '0', '-9223372036854775808', '4294967297'])),
  ],
  (g) => [
    g.pick(['ZUNION', 'ZINTER']),
    '2',
    z(g),
    g.pick([z(g), key(g, 'ei')]),
    ...g.maybe('WEIGHTS', number(g), number(g)),
    ...g.maybe('AGGREGATE', g.pick(['SUM', 'MIN', 'MAX'])),
    'WITHSCORES',
  ],
  (g) => [
    g.pick(['ZUNIONSTORE', 'ZINTERSTORE', 'ZDIFFSTORE']),
    z(g),
    g.pick(['2', '2', '2', '9223372036854775807', '4294967298']),
    z(g),
    z(g),
    ...g.maybe('WEIGHTS', number(g), number(g)),
  ],
  (g) => ['ZINTERCARD', '2', z(g), z(g), ...g.maybe('LIMIT', integer(g))],
  (g) => [
    'ZRANDMEMBER',
    z(g),
    g.pick(['0', '-9223372036854775808', '9223372036854775808']),
    ...g.maybe('WITHSCORES'),
  ],
  (g) => ['SORT', z(g), 'BY', 'nosort', ...g.maybe('LIMIT', integer(g), integer(g))],
]

/** Far away, long ago, or not a time at all: never one that passes while a test runs. */
const moment = (g: CommandGenerator): string =>
  g.pick([
    '9223372036854775807',
    '9223372036854775',
    '9223372036854776',
    '9223372036854774',
    '-9223372036854775808',
    '-9223372036854775',
    '-9223372036854776',
    '4294967296',
    '99999999999999',
    '9007199254740993',
    '9007199254740991',
    '9223372036854775296',
    '9223372036854775808',
    '0',
    '-1',
    '1e3',
    '-0',
    '+5',
    '4611686018427387905',
    '9223370000000000001',
  ])
const t = (g: CommandGenerator): string => `et${g.below(3)}`
const edgeExpiry: Maker[] = [
  ...[1, 2].map(() => (g: CommandGenerator) => [
    'SET',
    t(g),
    'v',
    ...g.maybe(g.pick(['EXAT', 'PXAT']), moment(g)),
  ]),
  (g) => ['SET', `er${g.below(3)}`, 'v', g.pick(['EX', 'PX']), moment(g)],
  (g) => ['GETEX', t(g), g.pick(['EXAT', 'PXAT']), moment(g)],
  (g) => ['GETEX', `er${g.below(3)}`, g.pick(['EX', 'PX']), moment(g)],
  ...[1, 2].map(() => (g: CommandGenerator) => [
    g.pick(['EXPIREAT', 'PEXPIREAT']),
    t(g),
    moment(g),
    ...g.maybe(g.pick(['NX', 'XX', 'GT', 'LT'])),
  ]),
  (g) => [
    g.pick(['EXPIRE', 'PEXPIRE']),
    `er${g.below(3)}`,
    moment(g),
    ...g.maybe(g.pick(['NX', 'XX', 'GT', 'LT'])),
  ],
  (g) => [g.pick(['SETEX', 'PSETEX']), `er${g.below(3)}`, moment(g), 'v'],
  (g) => [g.pick(['TTL', 'PTTL']), `er${g.below(3)}`],
  (g) => [g.pick(['EXPIRETIME', 'PEXPIRETIME']), t(g)],
  (g) => ['COPY', t(g), t(g), ...g.maybe('REPLACE')],
  (g) => ['RENAME', t(g), t(g)],
  (g) => ['PERSIST', t(g)],
  (g) => ['GETDEL', t(g)],
  (g) => ['EXISTS', t(g), `er${g.below(3)}`],
]

const edgeNumbers: Maker[] = [
  (g) => [
    'SELECT',
    g.pick([
      '0',
      '0',
      '4294967296',
      '-4294967296',
      '2147483648',
      '9223372036854775808',
      '00',
      '+0',
      ' 0',
    ]),
  ],
  (g) => ['COPY', t(g), t(g), 'DB', integer(g)],
  (g) => ['MOVE', t(g), integer(g)],
  (g) => ['SWAPDB', integer(g), integer(g)],
  (g) => ['EVAL', 'return tonumber(ARGV[1])', '0', number(g)],
  (g) => ['EVAL', 'return tostring(tonumber(ARGV[1]))', '0', number(g)],
  (g) => [
    'EVAL',
    "return redis.call('SET', KEYS[1], tonumber(ARGV[1]) or 'none')",
    '1',
    s(g),
    number(g),
  ],
  (g) => ['EVAL', "return tostring(redis.call('INCRBY', KEYS[1], ARGV[1]))", '1', s(g), integer(g)],
  (g) => ['EVAL', 'return cjson.encode({tonumber(ARGV[1]) or ARGV[1]})', '0', number(g)],
  (g) => ['EVAL', 'return tostring(cjson.decode(ARGV[1])[1])', '0', `[${number(g)}]`],
  (g) => ['EVAL', 'return cmsgpack.pack(tonumber(ARGV[1]) or ARGV[1])', '0', number(g)],
  (g) => [
    'EVAL',
    'return tostring(cmsgpack.unpack(cmsgpack.pack(tonumber(ARGV[1]))))',
    '0',
    number(g),
  ],
  (g) => [
    'EVAL',
    "redis.setresp(3) return redis.call('ZSCORE', KEYS[1], ARGV[1])",
    '1',
    z(g),
    member(g),
  ],
  (g) => [
    'EVAL',
    'return string.format(ARGV[2], tonumber(ARGV[1]))',
    '0',
    number(g),
    g.pick(['%d', '%g', '%.17g', '%f', '%x', '%e', '%i', '%.14g', '%5.2f', '%u', '%o', '%a']),
  ],
  (g) => ['EVAL', 'return bit.tohex(tonumber(ARGV[1]))', '0', number(g)],
  (g) => [
    'EVAL',
    'return bit.bxor(tonumber(ARGV[1]), tonumber(ARGV[2]))',
    '0',
    number(g),
    number(g),
  ],
  (g) => [
    'EVAL',
    'return struct.pack(ARGV[2], tonumber(ARGV[1]))',
    '0',
    number(g),
    g.pick(['>I4', '<i8', '>I8', 'd', 'f', 'B', 'h', '>H']),
  ],
  (g) => ['EVAL', 'return #ARGV', number(g), 'a'],
]

export const edges = {
  edgeStrings,
  edgeHashes,
  edgeLists,
  edgeSets,
  edgeSortedSets,
  edgeStreams,
  edgeGeo: edgePlaces,
  edgeExpiry,
  edgeNumbers,
} satisfies Readonly<Record<string, readonly Maker[]>>
