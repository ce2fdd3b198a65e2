import type { Client } from '../clients/client.ts'
import { ReplyError } from '../errors.ts'
import { type Area, cellsFor, distanceWithin } from '../values/geo/area.ts'
import { cellScores, type Position, positionOf } from '../values/geo/geohash.ts'
import { SortedSetValue } from '../values/sorted-set-value.ts'
import { float, integer, syntaxError } from './arguments.ts'
import { type CommandDefinition, type Handler, type KeySpec, keyAt } from './command.ts'
import { positionAt, replyPosition, unit } from './geo.ts'
import { readable } from './sorted-sets.ts'

interface Search {
  /** What the source holds, if anything. */
  readonly sorted: SortedSetValue | undefined
  /** Where it is to be searched around; stays open when that is a member and nothing is there. */
  center: Position | undefined
  hasCenter: boolean
  shape: { radius: number } | { width: number; height: number } | undefined
  /** Meters in the unit of the shape, which distances are answered in. */
  meters: number
  withDistance: boolean
  withHash: boolean
  withPosition: boolean
  count: number
  any: boolean
  sort: 'asc' | 'desc' | undefined
  target: string | undefined
  storesDistance: boolean
  /** GEORADIUS or its kin: told to subscribers. */
  isGeoRadius: boolean
}

interface Found {
  readonly member: string
  readonly score: number
  readonly position: Position
  readonly distance: number
}

const emptySearch = (client: Client, source: string): Search => ({
  sorted: readable(client, source),
  center: undefined,
  hasCenter: false,
  shape: undefined,
  meters: 1,
  withDistance: false,
  withHash: false,
  withPosition: false,
  count: 0,
  any: false,
  sort: undefined,
  target: undefined,
  storesDistance: false,
  isGeoRadius: false,
})

function centerOn(search: Search, position: Position): void {
  search.center = position
  search.hasCenter = true
}

function centerOnMember(search: Search, member: string): void {
  search.hasCenter = true
  if (search.sorted === undefined) return
  const score = search.sorted.score(member)
  if (score === undefined) throw new ReplyError('ERR could not decode requested zset member')
  search.center = positionOf(score)
}

function radius(args: readonly string[], at: number, search: Search): void {
  const given = float(args[at] as string, () => new ReplyError('ERR need numeric radius'))
  if (given < 0) throw new ReplyError('ERR radius cannot be negative')
  search.meters = unit(args[at + 1] as string)
  search.shape = { radius: given * search.meters }
}

function box(args: readonly string[], at: number, search: Search): void {
  const width = float(args[at] as string, () => new ReplyError('ERR need numeric width'))
  const height = float(args[at + 1] as string, () => new ReplyError('ERR need numeric height'))
  if (height < 0 || width < 0) throw new ReplyError('ERR height or width cannot be negative')
  search.meters = unit(args[at + 2] as string)
  search.shape = { width: width * search.meters, height: height * search.meters }
}

/** Options that GEORADIUS and GEOSEARCH share; answers where they end, or undefined. */
function commonOption(args: readonly string[], at: number, search: Search): number | undefined {
  const option = (args[at] as string).toUpperCase()
  if (option === 'WITHDIST') search.withDistance = true
  else if (option === 'WITHHASH') search.withHash = true
  else if (option === 'WITHCOORD') search.withPosition = true
  else if (option === 'ANY') search.any = true
  else if (option === 'ASC') search.sort = 'asc'
  else if (option === 'DESC') search.sort = 'desc'
  else if (option === 'COUNT' && at + 1 < args.length) {
    search.count = integer(args[at + 1] as string)
    if (search.count <= 0) throw new ReplyError('ERR COUNT must be > 0')
    return at + 1
  } else return undefined
  return at
}

function checkSearch(search: Search, name: string): void {
  const { target } = search
  if (target !== undefined && (search.withDistance || search.withHash || search.withPosition)) {
    throw new ReplyError(
      `ERR ${name} is not compatible with WITHDIST, WITHHASH and WITHCOORD options`,
    )
  }
  if (search.any && search.count === 0) {
    throw new ReplyError('ERR the ANY argument requires COUNT argument')
  }
  // the nearest are wanted unless any will do
  if (search.count > 0 && search.sort === undefined && !search.any) search.sort = 'asc'
}

/** GEORADIUS and GEORADIUSBYMEMBER: the center and the radius come first. */
function parseRadius(
  client: Client,
  args: readonly string[],
  byMember: boolean,
  canStore: boolean,
): Search {
  const search = emptySearch(client, args[1] as string)
  search.isGeoRadius = true
  if (byMember) centerOnMember(search, args[2] as string)
  else centerOn(search, positionAt(args, 2))
  const start = byMember ? 3 : 4
  // without a source Redis looks at the options only
  if (!byMember || search.sorted !== undefined) radius(args, start, search)
  for (let at = start + 2; at < args.length; at += 1) {
    const end = commonOption(args, at, search)
    if (end !== undefined) {
      at = end
      continue
    }
    const option = (args[at] as string).toUpperCase()
    const isStore = canStore && (option === 'STORE' || option === 'STOREDIST')
    if (!isStore || at + 1 === args.length) throw syntaxError()
    at += 1
    search.target = args[at] as string
    search.storesDistance = option === 'STOREDIST'
  }
  checkSearch(search, 'STORE option in GEORADIUS')
  return search
}

function parseSearch(client: Client, args: readonly string[], name: string): Search {
  const isStore = name === 'geosearchstore'
  const search = emptySearch(client, args[isStore ? 2 : 1] as string)
  if (isStore) search.target = args[1] as string
  for (let at = isStore ? 3 : 2; at < args.length; at += 1) {
    const end = commonOption(args, at, search) ?? searchOption(args, at, search, isStore)
    if (end === undefined) throw syntaxError()
    at = end
  }
  if (!search.hasCenter) {
    throw new ReplyError(`ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for ${name}`)
  }
  if (search.shape === undefined) {
    throw new ReplyError(`ERR exactly one of BYRADIUS and BYBOX can be specified for ${name}`)
  }
  checkSearch(search, 'GEOSEARCHSTORE')
  return search
}

function searchOption(
  args: readonly string[],
  at: number,
  search: Search,
  isStore: boolean,
): number | undefined {
  const option = (args[at] as string).toUpperCase()
  const more = args.length - 1 - at
  const { hasCenter } = search
  if (option === 'STOREDIST' && isStore) {
    search.storesDistance = true
    return at
  }
  if (option === 'FROMMEMBER' && more >= 1 && !hasCenter) {
    centerOnMember(search, args[at + 1] as string)
    return at + 1
  }
  if (option === 'FROMLONLAT' && more >= 2 && !hasCenter) {
    centerOn(search, positionAt(args, at + 1))
    return at + 2
  }
  if (option === 'BYRADIUS' && more >= 2 && search.shape === undefined) {
    radius(args, at + 1, search)
    return at + 2
  }
  if (option === 'BYBOX' && more >= 3 && search.shape === undefined) {
    box(args, at + 1, search)
    return at + 3
  }
  return undefined
}

function find(sorted: SortedSetValue, area: Area, limit: number): Found[] {
  const found: Found[] = []
  for (const cell of cellsFor(area)) {
    if (limit > 0 && found.length >= limit) break
    const { from, to } = cellScores(cell)
    const start = sorted.order.rank(from, '')
    const count = sorted.order.rank(to, '') - start
    sorted.order.visit(start, count, false, (member, score) => {
      if (limit > 0 && found.length >= limit) return
      const position = positionOf(score)
      const distance = distanceWithin(area, position)
      if (distance !== undefined) found.push({ member, score, position, distance })
    })
  }
  return found
}

function answer(client: Client, search: Search): void {
  const { database, reply } = client
  const { sorted } = search
  if (sorted === undefined) {
    if (search.target === undefined) reply.array(0)
    else {
      database.remove(search.target)
      reply.integer(0)
    }
    return
  }
  const found = find(sorted, areaOf(search), search.any ? search.count : 0)
  if (search.sort === 'asc') found.sort((a, b) => a.distance - b.distance)
  else if (search.sort === 'desc') found.sort((a, b) => b.distance - a.distance)
  if (search.count > 0) found.length = Math.min(found.length, search.count)
  if (search.target === undefined) replyFound(client, search, found)
  else store(client, search.target, search, found)
}

/** Both parts are there once a search with a source has been parsed. */
const areaOf = ({ center, shape }: Search): Area => ({
  center: center as Position,
  ...(shape as { radius: number }),
})

function replyFound(client: Client, search: Search, found: readonly Found[]): void {
  const { reply } = client
  const extras = Number(search.withDistance) + Number(search.withHash) + Number(search.withPosition)
  reply.array(found.length)
  for (const { member, score, position, distance } of found) {
    if (extras > 0) reply.array(extras + 1)
    reply.bulk(member)
    if (search.withDistance) reply.bulk((distance / search.meters).toFixed(4))
    if (search.withHash) reply.integer(score)
    if (search.withPosition) replyPosition(client, position)
  }
}

function store(client: Client, target: string, search: Search, found: readonly Found[]): void {
  const { database, reply } = client
  if (found.length === 0) database.remove(target)
  else {
    const result = new SortedSetValue()
    for (const { member, score, distance } of found) {
      result.set(member, search.storesDistance ? distance / search.meters : score)
    }
    database.set(target, result)
    database.notify('zset', search.isGeoRadius ? 'georadiusstore' : 'geosearchstore', target)
  }
  reply.integer(found.length)
}

const byRadius =
  (byMember: boolean, canStore: boolean): Handler =>
  (client, args) => {
    answer(client, parseRadius(client, args, byMember, canStore))
  }

const bySearch =
  (name: string): Handler =>
  (client, args) => {
    answer(client, parseSearch(client, args, name))
  }

const base = { group: 'geo', categories: ['geo'], since: '3.2.0' } as const
const source = [keyAt(1, 'RO', 'access')]
const storeKeys = (startFrom: number): KeySpec[] =>
  ['STORE', 'STOREDIST'].map((keyword) => ({
    flags: ['OW', 'update'],
    begin: { keyword, startFrom },
    find: { lastKey: 0, step: 1, limit: 0 },
  }))

export const GEO_SEARCH_COMMANDS: readonly CommandDefinition[] = [
  {
    ...base,
    name: 'georadius',
    syntax:
      'key longitude latitude radius unit=<M | KM | FT | MI> [WITHCOORD] [WITHDIST] [WITHHASH] count=[<COUNT count> [ANY]@6.2.0] order=[ASC | DESC] [STORE key] [STOREDIST key]',
    complexity: 'O(N+log(M)), N members in the box around the circle, M in the set',
    deprecated: {
      since: '6.2.0',
      replacedBy: '`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument',
    },
    history: [['7.0.0', 'Units may be written in upper case.']],
    arity: -6,
    flags: ['write', 'denyoom', 'movablekeys'],
    keys: [...source, ...storeKeys(6)],
    summary: 'Finds members around a position, and may store them.',
    handler: byRadius(false, true),
  },
  {
    ...base,
    name: 'georadius_ro',
    syntax:
      'key longitude latitude radius unit=<M | KM | FT | MI> [WITHCOORD] [WITHDIST] [WITHHASH] count=[<COUNT count> [ANY]@6.2.0] order=[ASC | DESC]',
    complexity: 'O(N+log(M)), N members in the box around the circle, M in the set',
    deprecated: { since: '6.2.0', replacedBy: '`GEOSEARCH` with the `BYRADIUS` argument' },
    arity: -6,
    flags: ['readonly'],
    keys: source,
    since: '3.2.10',
    summary: 'Finds members around a position.',
    handler: byRadius(false, false),
  },
  {
    ...base,
    name: 'georadiusbymember',
    syntax:
      'key member radius unit=<M | KM | FT | MI> [WITHCOORD] [WITHDIST] [WITHHASH] count=[<COUNT count> [ANY]] order=[ASC | DESC] [STORE key] [STOREDIST key]',
    complexity: 'O(N+log(M)), N members in the box around the circle, M in the set',
    deprecated: {
      since: '6.2.0',
      replacedBy: '`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments',
    },
    history: [['7.0.0', 'Units may be written in upper case.']],
    arity: -5,
    flags: ['write', 'denyoom', 'movablekeys'],
    keys: [...source, ...storeKeys(5)],
    summary: 'Finds members around another member, and may store them.',
    handler: byRadius(true, true),
  },
  {
    ...base,
    name: 'georadiusbymember_ro',
    syntax:
      'key member radius unit=<M | KM | FT | MI> [WITHCOORD] [WITHDIST] [WITHHASH] count=[<COUNT count> [ANY]] order=[ASC | DESC]',
    complexity: 'O(N+log(M)), N members in the box around the circle, M in the set',
    deprecated: {
      since: '6.2.0',
      replacedBy: '`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments',
    },
    arity: -5,
    flags: ['readonly'],
    keys: source,
    since: '3.2.10',
    summary: 'Finds members around another member.',
    handler: byRadius(true, false),
  },
  {
    ...base,
    name: 'geosearch',
    syntax:
      'key from=<FROMMEMBER member | FROMLONLAT longitude latitude> by=<circle=<<BYRADIUS radius> unit=<M | KM | FT | MI>> | box=<<BYBOX width> height unit=<M | KM | FT | MI>>> order=[ASC | DESC] count=[<COUNT count> [ANY]] [WITHCOORD] [WITHDIST] [WITHHASH]',
    complexity: 'O(N+log(M)), N members in the box around the shape, M in the set',
    history: [['7.0.0', 'Units may be written in upper case.']],
    arity: -7,
    flags: ['readonly'],
    keys: source,
    since: '6.2.0',
    summary: 'Finds members in a circle or a box.',
    handler: bySearch('geosearch'),
  },
  {
    ...base,
    name: 'geosearchstore',
    syntax:
      'destination source from=<FROMMEMBER member | FROMLONLAT longitude latitude> by=<circle=<<BYRADIUS radius> unit=<M | KM | FT | MI>> | box=<<BYBOX width> height unit=<M | KM | FT | MI>>> order=[ASC | DESC] count=[<COUNT count> [ANY]] [STOREDIST]',
    complexity: 'O(N+log(M)), N members in the box around the shape, M in the set',
    history: [['7.0.0', 'Units may be written in upper case.']],
    arity: -8,
    flags: ['write', 'denyoom'],
    keys: [keyAt(1, 'OW', 'update'), keyAt(2, 'RO', 'access')],
    since: '6.2.0',
    summary: 'Stores the members in a circle or a box.',
    handler: bySearch('geosearchstore'),
  },
]
