import { type Random, seededRandom } from '@ashlar/codec'
import { edges } from './random-edges.ts'
import { geo } from './random-geo.ts'
import { streams } from './random-streams.ts'

/** Makes requests that hit each other: few keys, few values, wrong types and wrong arguments. */
export class CommandGenerator {
  readonly #random: Random
  readonly #groups: readonly Maker[]
  #tick = 1

  constructor(seed: number | string, groups: readonly GroupName[] = ALL_GROUPS) {
    this.#random = seededRandom(seed)
    this.#groups = groups.flatMap((name): readonly Maker[] => EVERY_GROUP[name])
  }

  next(): string[] {
    const make = this.#groups[this.below(this.#groups.length)] as Maker
    const request = make(this)
    // now and then something is wrong with it
    const chance = /RAND|^SPOP/.test(request[0] as string) ? 1 : this.#random.next()
    if (chance < 0.01 && request.length > 1) request.pop()
    else if (chance < 0.02) request.push(this.#wrong(request))
    else if (chance < 0.03 && request.length > 2) {
      request[1 + this.below(request.length - 1)] = this.#wrong(request)
    }
    return request
  }

  /** Anything; but no time to wait, which could be years. */
  #wrong([name = '']: readonly string[]): string {
    const value = this.value()
    return /^(?:B[LRZ]|XREAD)/.test(name) ? 'x' : value
  }

  /** A number that goes up now and then: time, for IDs. */
  tick(): number {
    if (this.below(2) === 0) this.#tick += 1
    return this.#tick
  }

  below(limit: number): number {
    return Math.floor(this.#random.next() * limit)
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T
  }

  /** Mostly a key of the wanted kind, sometimes one of another. */
  key(kind: string): string {
    const prefix = this.below(12) === 0 ? this.pick(['s', 'h', 'l', 'S', 'z']) : kind
    return `${prefix}${this.below(6)}`
  }

  member(): string {
    return this.pick(['a', 'b', 'c', 'dd', 'ee', 'x y', '\0\xff', '', '10', '-5', '007'])
  }

  value(): string {
    return this.pick([
      '0',
      '1',
      '-1',
      '12',
      '3.5',
      '-0.25',
      '1e3',
      'abc',
      '',
      'hello world',
      '9007199254740970',
      '9223372036854775807',
      '-9223372036854775808',
      '99999999999999999999',
      'inf',
      'nan',
      ' 1',
      '\xff\xfe\0',
      'x'.repeat(70),
    ])
  }

  integer(): string {
    return this.pick(['0', '1', '2', '3', '-1', '-2', '-3', '5', '10', '-10', '100'])
  }

  /** Scores that print alike whatever the number of digits. */
  score(): string {
    return this.pick(['0', '1', '2', '3', '-1', '0.5', '-2.25', '10', '1e3', 'inf', '-inf', '+5'])
  }

  some(make: () => string, most = 4): string[] {
    return Array.from({ length: 1 + this.below(most) }, make)
  }

  maybe(...words: string[]): string[] {
    return this.below(3) === 0 ? words : []
  }
}

export type Maker = (g: CommandGenerator) => string[]

const strings: Maker[] = [
  (g) => [
    'SET',
    g.key('s'),
    g.value(),
    ...g.maybe(g.pick(['NX', 'XX', 'GET', 'KEEPTTL'])),
    ...g.maybe(g.pick(['EX', 'PX']), g.pick(['1000', '100000', '0', '-1', 'x'])),
  ],
  (g) => ['GET', g.key('s')],
  (g) => ['get', g.key('s')],
  (g) => ['GETSET', g.key('s'), g.value()],
  (g) => ['GETDEL', g.key('s')],
  (g) => [
    'GETEX',
    g.key('s'),
    ...g.maybe(g.pick(['PERSIST', 'EX', 'PX', 'EXAT']), ...g.maybe('100000')),
  ],
  (g) => ['SETNX', g.key('s'), g.value()],
  (g) => [
    'SETEX',
    g.key('s'),
    g.pick(['1000', '0', '-5', 'abc', '9223372036854775807']),
    g.value(),
  ],
  (g) => ['PSETEX', g.key('s'), g.pick(['1000000', '0', 'abc']), g.value()],
  (g) => ['MGET', ...g.some(() => g.key('s'))],
  (g) => ['MSET', ...g.some(() => g.key('s')).flatMap((key) => [key, g.value()])],
  (g) => ['MSETNX', ...g.some(() => g.key('s')).flatMap((key) => [key, g.value()])],
  (g) => ['APPEND', g.key('s'), g.value()],
  (g) => ['STRLEN', g.key('s')],
  (g) => [g.pick(['GETRANGE', 'SUBSTR']), g.key('s'), g.integer(), g.integer()],
  (g) => ['SETRANGE', g.key('s'), g.pick(['0', '1', '5', '-1', '1000']), g.member()],
  (g) => [g.pick(['INCR', 'DECR']), g.key('s')],
  (g) => [g.pick(['INCRBY', 'DECRBY']), g.key('s'), g.value()],
  (g) => [
    'INCRBYFLOAT',
    g.key('s'),
    g.pick(['1.5', '-0.1', '3', '1e2', 'abc', 'inf', '0.30000000000000004']),
  ],
  (g) => [
    'LCS',
    g.key('s'),
    g.key('s'),
    ...g.maybe(g.pick(['LEN', 'IDX'])),
    ...g.maybe('WITHMATCHLEN'),
  ],
]

const keys: Maker[] = [
  (g) => [g.pick(['DEL', 'UNLINK']), ...g.some(() => g.key(g.pick(['s', 'h', 'l', 'S', 'z'])), 3)],
  (g) => [g.pick(['EXISTS', 'TOUCH']), ...g.some(() => g.key(g.pick(['s', 'h', 'l', 'S', 'z'])))],
  (g) => ['TYPE', g.key(g.pick(['s', 'h', 'l', 'S', 'z', 'n']))],
  (g) => [
    g.pick(['EXPIRE', 'PEXPIRE']),
    g.key('s'),
    g.pick(['100000', '-1', '0', 'abc', '9223372036854775807']),
    ...g.maybe(g.pick(['NX', 'XX', 'GT', 'LT', 'QQ'])),
    ...g.maybe('GT'),
  ],
  (g) => [g.pick(['EXPIREAT', 'PEXPIREAT']), g.key('h'), g.pick(['1', '99999999999', '-1'])],
  (g) => ['PERSIST', g.key('s')],
  (g) => [g.pick(['TTL', 'EXPIRETIME']), g.key('h')],
  (g) => ['RENAME', g.key('s'), g.key('s')],
  (g) => ['RENAMENX', g.key('z'), g.key('z')],
  (g) => [
    'COPY',
    g.key('h'),
    g.key('h'),
    ...g.maybe('REPLACE'),
    ...g.maybe('DB', g.pick(['0', '1', '99', 'x'])),
  ],
  (g) => ['MOVE', g.key('l'), g.pick(['1', '0', '99', '-1', 'x'])],
  (g) => ['KEYS', g.pick(['*', 's*', '?1', '[hl]*', 'x', '[^s]?'])],
  (g) => ['DBSIZE', ...g.maybe()],
  (g) => ['SELECT', g.pick(['0', '0', '0', '99', '-1', 'x'])],
  (g) => ['SWAPDB', g.pick(['1', '2', 'x', '99']), g.pick(['1', '2', '3'])],
  (g) =>
    g.below(20) === 0
      ? [g.pick(['FLUSHDB', 'FLUSHALL']), ...g.maybe(g.pick(['ASYNC', 'SYNC', 'X']))]
      : ['DBSIZE'],
  (g) => ['OBJECT', g.pick(['FREQ', 'NOPE']), g.key('h')],
]

const hashes: Maker[] = [
  (g) => [
    g.pick(['HSET', 'HMSET']),
    g.key('h'),
    ...g.some(() => g.member()).flatMap((field) => [field, g.value()]),
  ],
  (g) => ['HSETNX', g.key('h'), g.member(), g.value()],
  (g) => ['HGET', g.key('h'), g.member()],
  (g) => ['HMGET', g.key('h'), ...g.some(() => g.member())],
  (g) => ['HDEL', g.key('h'), ...g.some(() => g.member())],
  (g) => [g.pick(['HLEN', 'HGETALL', 'HKEYS', 'HVALS']), g.key('h')],
  (g) => [g.pick(['HEXISTS', 'HSTRLEN']), g.key('h'), g.member()],
  (g) => ['HINCRBY', g.key('h'), g.member(), g.value()],
  (g) => ['HINCRBYFLOAT', g.key('h'), g.member(), g.value()],
  (g) => [
    'HSCAN',
    g.key('h'),
    g.pick(['0', 'x']),
    'COUNT',
    g.pick(['1000', '0', 'x']),
    ...g.maybe('MATCH', '[a-z]*'),
  ],
  (g) => [
    'HRANDFIELD',
    g.key('h'),
    g.pick(['0', '100', 'x']),
    ...g.maybe(g.pick(['WITHVALUES', 'QQ'])),
  ],
]

const end = (g: CommandGenerator): string => g.pick(['LEFT', 'RIGHT', 'left', 'UP'])
const lists: Maker[] = [
  (g) => [g.pick(['LPUSH', 'RPUSH', 'LPUSHX', 'RPUSHX']), g.key('l'), ...g.some(() => g.member())],
  (g) => [g.pick(['LPUSH', 'RPUSH']), g.key('l'), ...g.some(() => g.member(), 20)],
  (g) => [g.pick(['LPOP', 'RPOP']), g.key('l'), ...g.maybe(g.integer())],
  (g) => ['LLEN', g.key('l')],
  (g) => ['LRANGE', g.key('l'), g.integer(), g.integer()],
  (g) => ['LINDEX', g.key('l'), g.integer()],
  (g) => ['LSET', g.key('l'), g.integer(), g.member()],
  (g) => ['LINSERT', g.key('l'), g.pick(['BEFORE', 'after', 'X']), g.member(), g.member()],
  (g) => ['LREM', g.key('l'), g.integer(), g.member()],
  (g) => ['LTRIM', g.key('l'), g.integer(), g.integer()],
  (g) => [
    'LPOS',
    g.key('l'),
    g.member(),
    ...g.maybe('RANK', g.integer()),
    ...g.maybe('COUNT', g.integer()),
    ...g.maybe('MAXLEN', g.integer()),
  ],
  (g) => ['LMOVE', g.key('l'), g.key('l'), end(g), end(g)],
  (g) => ['RPOPLPUSH', g.key('l'), g.key('l')],
  (g) => [
    'LMPOP',
    g.pick(['1', '2', '0', 'x', '9']),
    g.key('l'),
    g.key('l'),
    end(g),
    ...g.maybe('COUNT', g.integer()),
  ],
  (g) => [g.pick(['BLPOP', 'BRPOP']), g.key('l'), g.key('l'), g.pick(['0.001', '-1', 'x'])],
  (g) => ['BLMOVE', g.key('l'), g.key('l'), end(g), end(g), '0.001'],
  (g) => ['BRPOPLPUSH', g.key('l'), g.key('l'), '0.001'],
  (g) => ['BLMPOP', '0.001', '2', g.key('l'), g.key('l'), end(g), ...g.maybe('COUNT', '2')],
]

const sets: Maker[] = [
  (g) => ['SADD', g.key('S'), ...g.some(() => g.member())],
  (g) => ['SADD', g.key('S'), ...g.some(() => g.integer())],
  (g) => ['SREM', g.key('S'), ...g.some(() => g.member())],
  (g) => ['SISMEMBER', g.key('S'), g.member()],
  (g) => ['SMISMEMBER', g.key('S'), ...g.some(() => g.member())],
  (g) => [g.pick(['SCARD', 'SMEMBERS']), g.key('S')],
  (g) => ['SMOVE', g.key('S'), g.key('S'), g.member()],
  (g) => [g.pick(['SINTER', 'SUNION', 'SDIFF']), ...g.some(() => g.key('S'))],
  (g) => [g.pick(['SINTERSTORE', 'SUNIONSTORE', 'SDIFFSTORE']), ...g.some(() => g.key('S'))],
  (g) => [
    'SINTERCARD',
    g.pick(['1', '2', '0', 'x', '9']),
    g.key('S'),
    g.key('S'),
    ...g.maybe('LIMIT', g.integer()),
  ],
  (g) => [g.pick(['SPOP', 'SRANDMEMBER']), g.key('S'), g.pick(['0', 'x', '-9223372036854775808'])],
  (g) => ['SSCAN', g.key('S'), '0', 'COUNT', g.pick(['1000', '0'])],
]

const bound = (g: CommandGenerator): string =>
  g.pick(['-inf', '+inf', '0', '1', '(1', '(2', '3', 'x', '(inf'])
const lex = (g: CommandGenerator): string => g.pick(['-', '+', '[a', '(a', '[c', '(dd', 'x'])
const withScores = (g: CommandGenerator): string[] => g.maybe('WITHSCORES')
const limit = (g: CommandGenerator): string[] => g.maybe('LIMIT', g.integer(), g.integer())
const sortedSets: Maker[] = [
  (g) => [
    'ZADD',
    g.key('z'),
    ...g.maybe(g.pick(['NX', 'XX', 'GT', 'LT'])),
    ...g.maybe(g.pick(['CH', 'INCR', 'GT'])),
    ...g.some(() => g.member()).flatMap((member) => [g.score(), member]),
  ],
  (g) => [
    'ZADD',
    g.key('z'),
    ...g.some(() => g.member(), 8).flatMap((member) => [g.score(), member]),
  ],
  (g) => ['ZINCRBY', g.key('z'), g.score(), g.member()],
  (g) => ['ZREM', g.key('z'), ...g.some(() => g.member())],
  (g) => ['ZCARD', g.key('z')],
  (g) => ['ZSCORE', g.key('z'), g.member()],
  (g) => ['ZMSCORE', g.key('z'), ...g.some(() => g.member())],
  (g) => [g.pick(['ZRANK', 'ZREVRANK']), g.key('z'), g.member()],
  (g) => [g.pick(['ZCOUNT', 'ZREMRANGEBYSCORE']), g.key('z'), bound(g), bound(g)],
  (g) => [
    g.pick(['ZRANGE', 'ZREVRANGE']),
    g.key('z'),
    g.integer(),
    g.integer(),
    ...withScores(g),
    ...limit(g),
  ],
  (g) => [
    'ZRANGE',
    g.key('z'),
    bound(g),
    bound(g),
    'BYSCORE',
    ...g.maybe('REV'),
    ...limit(g),
    ...withScores(g),
  ],
  (g) => [
    g.pick(['ZRANGEBYSCORE', 'ZREVRANGEBYSCORE']),
    g.key('z'),
    bound(g),
    bound(g),
    ...withScores(g),
    ...limit(g),
  ],
  (g) => ['ZRANGESTORE', g.key('z'), g.key('z'), g.integer(), g.integer(), ...g.maybe('REV')],
  (g) => ['ZRANGESTORE', g.key('z'), g.key('z'), bound(g), bound(g), 'BYSCORE', ...limit(g)],
  (g) => ['ZREMRANGEBYRANK', g.key('z'), g.integer(), g.integer()],
  (g) => [g.pick(['ZPOPMIN', 'ZPOPMAX']), g.key('z'), ...g.maybe(g.integer())],
  (g) => [g.pick(['BZPOPMIN', 'BZPOPMAX']), g.key('z'), g.key('z'), '0.001'],
  (g) => [
    'ZMPOP',
    g.pick(['1', '2', '0', 'x']),
    g.key('z'),
    g.key('z'),
    g.pick(['MIN', 'max', 'X']),
    ...g.maybe('COUNT', g.integer()),
  ],
  (g) => [
    'BZMPOP',
    '0.001',
    '2',
    g.key('z'),
    g.key('z'),
    g.pick(['MIN', 'MAX']),
    ...g.maybe('COUNT', '2'),
  ],
  (g) => [
    g.pick(['ZUNION', 'ZINTER', 'ZDIFF']),
    g.pick(['1', '2', '0', 'x', '9']),
    g.key(g.pick(['z', 'S'])),
    g.key('z'),
    ...g.maybe('WEIGHTS', '2', '0.5'),
    ...g.maybe('AGGREGATE', g.pick(['SUM', 'MIN', 'max', 'X'])),
    ...withScores(g),
  ],
  (g) => [
    g.pick(['ZUNIONSTORE', 'ZINTERSTORE', 'ZDIFFSTORE']),
    g.key('z'),
    '2',
    g.key(g.pick(['z', 'S'])),
    g.key('z'),
    ...g.maybe('WEIGHTS', '2', '-1'),
    ...g.maybe('AGGREGATE', 'MIN'),
  ],
  (g) => [
    'ZINTERCARD',
    g.pick(['1', '2', '0']),
    g.key('z'),
    g.key('z'),
    ...g.maybe('LIMIT', g.integer()),
  ],
  (g) => ['ZRANDMEMBER', g.key('z'), g.pick(['0', '100', 'x']), ...withScores(g)],
  (g) => ['ZSCAN', g.key('z'), '0', ...g.maybe('COUNT', g.pick(['1000', '0', 'x']))],
]

const bit = (g: CommandGenerator): string =>
  g.pick(['0', '1', '7', '8', '33', '100', '-1', 'x', '4294967296'])
const field = (g: CommandGenerator): string =>
  g.pick(['u8', 'i8', 'u5', 'i16', 'u63', 'i64', 'i1', 'u64', 'x'])
const bitmaps: Maker[] = [
  (g) => ['SETBIT', g.key('s'), bit(g), g.pick(['0', '1', '1', '2'])],
  (g) => ['GETBIT', g.key('s'), bit(g)],
  (g) => [
    'BITCOUNT',
    g.key('s'),
    ...g.maybe(g.integer(), g.integer(), ...g.maybe(g.pick(['BIT', 'BYTE', 'X']))),
  ],
  (g) => [
    'BITPOS',
    g.key('s'),
    g.pick(['0', '1', '2']),
    ...g.maybe(g.integer(), ...g.maybe(g.integer(), ...g.maybe(g.pick(['BIT', 'BYTE'])))),
  ],
  (g) => [
    'BITOP',
    g.pick(['AND', 'or', 'XOR', 'NOT', 'X']),
    g.key('s'),
    ...g.some(() => g.key('s'), 3),
  ],
  (g) => [
    'BITFIELD',
    g.key('s'),
    ...g.maybe('OVERFLOW', g.pick(['SAT', 'FAIL', 'WRAP', 'X'])),
    'INCRBY',
    field(g),
    g.pick(['0', '3', '#2', '-1']),
    g.value(),
    ...g.maybe('GET', field(g), '#1'),
  ],
  (g) => [
    'BITFIELD',
    g.key('s'),
    'SET',
    field(g),
    g.pick(['0', '5', '#1']),
    g.value(),
    'GET',
    field(g),
    '4',
  ],
  (g) => ['BITFIELD_RO', g.key('s'), g.pick(['GET', 'SET']), field(g), '3', ...g.maybe('1')],
]

/** Ranges by bytes are defined only where all scores are equal: keys of their own. */
const lexicographic: Maker[] = [
  (g) => ['ZADD', `y${g.below(3)}`, ...g.some(() => g.member()).flatMap((member) => ['0', member])],
  (g) => ['ZREM', `y${g.below(3)}`, g.member()],
  (g) => [g.pick(['ZLEXCOUNT', 'ZREMRANGEBYLEX']), `y${g.below(3)}`, lex(g), lex(g)],
  (g) => [g.pick(['ZRANGEBYLEX', 'ZREVRANGEBYLEX']), `y${g.below(3)}`, lex(g), lex(g), ...limit(g)],
  (g) => [
    'ZRANGE',
    `y${g.below(3)}`,
    lex(g),
    lex(g),
    'BYLEX',
    ...g.maybe('REV'),
    ...limit(g),
    ...withScores(g),
  ],
]

const transactions: Maker[] = [
  () => ['MULTI'],
  () => ['EXEC'],
  () => ['EXEC'],
  () => ['DISCARD'],
  (g) => ['WATCH', ...g.some(() => g.key('s'), 2)],
  () => ['UNWATCH'],
]

const hyperLogLogs: Maker[] = [
  ...[1, 2].map(() => (g: CommandGenerator) => [
    'PFADD',
    `p${g.below(3)}`,
    ...g.some(() => String(g.below(3000)), 20),
  ]),
  (g) => ['PFADD', g.below(10) === 0 ? g.key('s') : `p${g.below(3)}`, ...g.maybe(g.value())],
  (g) => ['PFCOUNT', ...g.some(() => `p${g.below(4)}`, 2)],
  (g) => ['PFMERGE', `p${g.below(4)}`, ...g.some(() => `p${g.below(3)}`, 2)],
  (g) => ['GET', `p${g.below(4)}`],
  (g) => (g.below(30) === 0 ? ['DEL', `p${g.below(4)}`] : ['STRLEN', `p${g.below(4)}`]),
  (g) => ['PFDEBUG', g.pick(['ENCODING', 'DECODE', 'X']), `p${g.below(4)}`],
]

const sorting: Maker[] = [
  (g) => ['RPUSH', g.key('l'), ...g.some(() => g.pick(['3', '1', '2.5', '-1', '10', 'b', 'a']), 6)],
  (g) => ['LTRIM', g.key('l'), '0', '3'],
  (g) => ['SADD', g.key('S'), ...g.some(() => String(g.below(20)), 6)],
  (g) => [
    'ZADD',
    g.key('z'),
    ...g.some(() => '', 4).flatMap(() => [g.score(), String(g.below(9))]),
  ],
  (g) => ['SET', `w${g.below(20)}`, g.pick(['5', '1', 'x', '-2', '', '7'])],
  (g) => ['HSET', `o${g.below(20)}`, 'f', String(g.below(50))],
  (g) => ['DEL', g.key('l'), `w${g.below(20)}`],
  ...[1, 2].map(() => (g: CommandGenerator) => [
    g.pick(['SORT', 'SORT', 'SORT_RO']),
    g.key(g.pick(['l', 'z', 'S'])),
    ...g.maybe('LIMIT', g.integer(), g.integer()),
    ...g.maybe('GET', g.pick(['#', 'w*', 'o*->f', 'x']), ...g.maybe('GET', '#')),
    ...g.maybe(g.pick(['ASC', 'DESC', 'QQ'])),
    ...g.maybe('ALPHA'),
    ...g.maybe('STORE', 'l5'),
  ]),
  // the order of equal weights in words, and that of sets, is open
  (g) => ['SORT', g.key(g.pick(['l', 'z', 'S'])), 'BY', g.pick(['w*', 'o*->f', 'o*->'])],
  (g) => [
    'SORT',
    `${g.pick(['l', 'z'])}${g.below(6)}`,
    'BY',
    'nosort',
    ...g.maybe('DESC'),
    'GET',
    'o*->f',
  ],
  () => ['LRANGE', 'l5', '0', '-1'],
]

const connection: Maker[] = [
  (g) => ['PING', ...g.maybe(g.value())],
  (g) => ['ECHO', g.value()],
  (g) => ['CLIENT', g.pick(['GETNAME', 'NOPE', 'SETNAME']), ...g.maybe(g.member())],
  (g) => [g.pick(['NOSUCH', 'get2', 'x\r\ny']), ...g.some(() => g.value())],
  (g) => ['PUBLISH', g.member(), g.value()],
  (g) => ['PUBSUB', g.pick(['NUMPAT', 'NUMSUB', 'CHANNELS', 'X'])],
]

const GROUPS = {
  strings,
  bitmaps,
  keys,
  hashes,
  lists,
  sets,
  sortedSets,
  lexicographic,
  streams,
  geo,
  hyperLogLogs,
  sorting,
  transactions,
  connection,
}
const EVERY_GROUP = { ...GROUPS, ...edges }
export type GroupName = keyof typeof EVERY_GROUP
export const ALL_GROUPS = Object.keys(GROUPS) as GroupName[]
/** Values at the ends of what a number, a name or a time can be. */
export const EDGE_GROUPS = Object.keys(edges) as GroupName[]
