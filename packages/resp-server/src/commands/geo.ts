import type { Client } from '../clients/client.ts'
import { ReplyError } from '../errors.ts'
import { distanceBetween } from '../values/geo/area.ts'
import {
  geohashText,
  LATITUDES,
  LONGITUDES,
  type Position,
  positionOf,
  scoreOf,
} from '../values/geo/geohash.ts'
import { SortedSetValue } from '../values/sorted-set-value.ts'
import { float, syntaxError } from './arguments.ts'
import { type CommandDefinition, keyAt } from './command.ts'
import { readable } from './sorted-sets.ts'

export function positionAt(args: readonly string[], at: number): Position {
  const longitude = float(args[at] as string)
  const latitude = float(args[at + 1] as string)
  if (
    longitude < LONGITUDES.min ||
    longitude > LONGITUDES.max ||
    latitude < LATITUDES.min ||
    latitude > LATITUDES.max
  ) {
    const pair = `${fixed(longitude)},${fixed(latitude)}`
    throw new ReplyError(`ERR invalid longitude,latitude pair ${pair}`)
  }
  return { longitude, latitude }
}

function fixed(value: number): string {
  if (Number.isFinite(value)) {
    const sign = Object.is(value, -0) ? '-' : ''
    return Math.abs(value) < 1e21 ? sign + value.toFixed(6) : `${BigInt(value)}.000000`
  }
  return value > 0 ? 'inf' : '-inf'
}

const UNITS: Readonly<Record<string, number>> = { m: 1, km: 1000, ft: 0.3048, mi: 1609.34 }

/** Meters in a unit. */
export function unit(text: string): number {
  const meters = UNITS[text.toLowerCase()]
  if (meters === undefined || !/^[a-z]+$/i.test(text)) {
    throw new ReplyError('ERR unsupported unit provided. please use M, KM, FT, MI')
  }
  return meters
}

/** As C prints a double with 17 decimals, zeros at the end left out. */
const coordinate = (value: number): string => value.toFixed(17).replace(/\.?0+$/, '')

export function replyPosition(client: Client, { longitude, latitude }: Position): void {
  client.reply.array(2)
  client.reply.decimal(coordinate(longitude))
  client.reply.decimal(coordinate(latitude))
}

function geoadd(client: Client, args: readonly string[]) {
  const { database, reply } = client
  const key = args[1] as string
  const options = { nx: false, xx: false, ch: false }
  let start = 2
  for (; start < args.length; start += 1) {
    const option = (args[start] as string).toLowerCase()
    if (!Object.hasOwn(options, option)) break
    options[option as keyof typeof options] = true
  }
  if ((args.length - start) % 3 !== 0 || (options.nx && options.xx)) throw syntaxError()
  const members: [member: string, score: number][] = []
  for (let at = start; at < args.length; at += 3) {
    members.push([args[at + 2] as string, scoreOf(positionAt(args, at))])
  }
  const existing = database.sorted(key)
  if (members.length === 0) throw syntaxError()
  if (existing === undefined && options.xx) return reply.integer(0)
  const sorted = existing ?? database.create(key, new SortedSetValue())
  let added = 0
  let changed = 0
  for (const [member, score] of members) {
    const before = sorted.score(member)
    if (before === undefined ? options.xx : options.nx || before === score) continue
    sorted.set(member, score)
    if (before === undefined) added += 1
    else changed += 1
  }
  if (added + changed > 0) database.settle(key, sorted, 'zadd')
  reply.integer(options.ch ? added + changed : added)
}

function geopos(client: Client, args: readonly string[]) {
  const { reply } = client
  const sorted = readable(client, args[1] as string)
  reply.array(args.length - 2)
  for (const member of args.slice(2)) {
    const score = sorted?.score(member)
    if (score === undefined) reply.nullArray()
    else replyPosition(client, positionOf(score))
  }
}

function geohash(client: Client, args: readonly string[]) {
  const { reply } = client
  const sorted = readable(client, args[1] as string)
  reply.array(args.length - 2)
  for (const member of args.slice(2)) {
    const score = sorted?.score(member)
    if (score === undefined) reply.null()
    else reply.bulk(geohashText(score))
  }
}

function geodist(client: Client, args: readonly string[]) {
  const { reply } = client
  if (args.length > 5) throw syntaxError()
  const meters = args[4] === undefined ? 1 : unit(args[4])
  const sorted = readable(client, args[1] as string)
  const from = sorted?.score(args[2] as string)
  const to = sorted?.score(args[3] as string)
  if (from === undefined || to === undefined) return reply.null()
  reply.bulk((distanceBetween(positionOf(from), positionOf(to)) / meters).toFixed(4))
}

const base = { group: 'geo', categories: ['geo'], since: '3.2.0' } as const
const read = { flags: ['readonly'], keys: [keyAt(1, 'RO', 'access')] } as const

export const GEO_COMMANDS: readonly CommandDefinition[] = [
  {
    ...base,
    name: 'geoadd',
    syntax:
      'key condition=[NX | XX]@6.2.0 [change=CH]@6.2.0 longitude latitude member [longitude latitude member ...]',
    complexity: 'O(log(N)) for each member given, N members',
    arity: -5,
    flags: ['write', 'denyoom'],
    keys: [keyAt(1, 'RW', 'update')],
    summary: 'Adds members with their positions to a sorted set.',
    handler: geoadd,
  },
  {
    ...base,
    ...read,
    name: 'geopos',
    syntax: 'key member [member ...]',
    complexity: 'O(N), N members given',
    arity: -2,
    summary: 'Answers longitude and latitude of members.',
    handler: geopos,
  },
  {
    ...base,
    ...read,
    name: 'geohash',
    syntax: 'key member [member ...]',
    complexity: 'O(N), N members given',
    arity: -2,
    summary: 'Answers the positions of members as geohashes.',
    handler: geohash,
  },
  {
    ...base,
    ...read,
    name: 'geodist',
    syntax: 'key member1 member2 unit=[M | KM | FT | MI]',
    complexity: 'O(1)',
    arity: -4,
    summary: 'Answers the distance between two members.',
    handler: geodist,
  },
]
