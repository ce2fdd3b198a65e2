import type { Client } from '../clients/client.ts'
import { ReplyError } from '../errors.ts'
import { wrongType } from '../keyspace/value-types.ts'
import { HashValue } from '../values/hash-value.ts'
import { bytesOf } from '../values/large-string.ts'
import { readLatin1 } from '../values/latin1.ts'
import { ListValue } from '../values/list-value.ts'
import { parseDouble } from '../values/numbers.ts'
import { SetValue } from '../values/set-value.ts'
import { SortedSetValue } from '../values/sorted-set-value.ts'
import { integer, syntaxError } from './arguments.ts'
import { type CommandDefinition, type Handler, type KeySpec, keyAt } from './command.ts'

interface SortOptions {
  by: string | undefined
  readonly get: string[]
  offset: number
  /** Undefined: all. */
  count: number | undefined
  isDescending: boolean
  isAlphabetic: boolean
  target: string | undefined
}

function denied(option: string): ReplyError {
  return new ReplyError(`ERR ${option} option of SORT denied due to insufficient ACL permissions.`)
}

/** Patterns lead to any key: whoever uses them must be allowed to read all. */
function readsAllKeys({ user, server }: Client, args: readonly string[]): boolean {
  if (user.isUnrestricted) return true
  const command = server.commands.find(args[0] as string)
  return command !== undefined && user.readsAllKeys(command, args)
}

function parseSort(client: Client, args: readonly string[], canStore: boolean): SortOptions {
  const found: SortOptions = {
    by: undefined,
    get: [],
    offset: 0,
    count: undefined,
    isDescending: false,
    isAlphabetic: false,
    target: undefined,
  }
  for (let at = 2; at < args.length; at += 1) {
    const option = (args[at] as string).toUpperCase()
    const more = args.length - 1 - at
    if (option === 'ASC') found.isDescending = false
    else if (option === 'DESC') found.isDescending = true
    else if (option === 'ALPHA') found.isAlphabetic = true
    else if (option === 'LIMIT' && more >= 2) {
      found.offset = Math.max(0, integer(args[at + 1] as string))
      const count = integer(args[at + 2] as string)
      found.count = count < 0 ? undefined : count
      at += 2
    } else if (option === 'STORE' && more >= 1 && canStore) {
      at += 1
      found.target = args[at] as string
    } else if (option === 'BY' && more >= 1) {
      at += 1
      found.by = args[at] as string
      if (found.by.includes('*') && !readsAllKeys(client, args)) throw denied('BY')
    } else if (option === 'GET' && more >= 1) {
      at += 1
      found.get.push(args[at] as string)
      if (!readsAllKeys(client, args)) throw denied('GET')
    } else throw syntaxError()
  }
  return found
}

/** What a pattern leads to from an element: the element, a string, or a field of a hash. */
function lookUp(client: Client, pattern: string, element: string): string | undefined {
  if (pattern === '#') return element
  const star = pattern.indexOf('*')
  if (star === -1) return undefined
  const arrow = pattern.indexOf('->', star + 1)
  const hasField = arrow !== -1 && arrow + 2 < pattern.length
  const end = hasField ? arrow : pattern.length
  const key = pattern.slice(0, star) + element + pattern.slice(star + 1, end)
  const value = client.database.read(key)
  if (hasField) return value instanceof HashValue ? value.get(pattern.slice(arrow + 2)) : undefined
  if (value === undefined || typeof value === 'string') return value
  return 'peek' in value ? readLatin1(bytesOf(value) as Buffer) : undefined
}

/** The elements in the order in which they are kept. */
function elementsOf(client: Client, key: string, options: SortOptions): readonly string[] {
  const value = client.database.read(key)
  if (value === undefined) return []
  if (value instanceof ListValue) {
    const items = value.slice(0, value.size)
    return options.isDescending ? items.reverse() : items
  }
  if (value instanceof SetValue) return value.members(client.server.settings)
  if (!(value instanceof SortedSetValue)) throw wrongType()
  const members: string[] = []
  const start = options.isDescending ? value.size - 1 : 0
  value.order.visit(start, value.size, options.isDescending, (member) => members.push(member))
  return members
}

/** As strtod reads it: up to a zero byte, blanks in front left out; what is empty is 0. */
function score(text = ''): number {
  const end = text.indexOf('\0')
  const digits = end === -1 ? text : text.slice(0, end)
  if (digits === '') return 0
  const value = parseDouble(digits.replace(/^[ \t\n\v\f\r]+/, ''))
  if (value !== undefined) return value
  throw new ReplyError("ERR One or more scores can't be converted into double")
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Absent weights come first. */
function compareWeights(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? -1 : 1
  return compareText(a, b)
}

function sorted(client: Client, elements: readonly string[], options: SortOptions): string[] {
  const { by, isAlphabetic, isDescending } = options
  const weights = elements.map((element) =>
    by === undefined ? element : lookUp(client, by, element),
  )
  const order = elements.map((_, index) => index)
  const direction = isDescending ? -1 : 1
  const text = (index: number): string => elements[index] as string
  if (isAlphabetic) {
    order.sort((a, b) => direction * compareWeights(weights[a], weights[b]))
  } else {
    const scores = weights.map(score)
    order.sort((a, b) => {
      const difference = compare(scores[a] as number, scores[b] as number)
      return direction * (difference === 0 ? compareText(text(a), text(b)) : difference)
    })
  }
  return order.map(text)
}

const compare = (a: number, b: number): number => (a < b ? -1 : a > b ? 1 : 0)

const sort =
  (canStore: boolean): Handler =>
  (client, args) => {
    const options = parseSort(client, args, canStore)
    const key = args[1] as string
    const elements = elementsOf(client, key, options)
    let isKept = options.by !== undefined && !options.by.includes('*')
    const isSet = client.database.get(key) instanceof SetValue
    if (isKept && isSet && (options.target !== undefined || client.isScript)) {
      // a set has no order: what is stored, or seen by a script, must not depend on chance
      isKept = false
      options.isAlphabetic = true
      options.by = undefined
    }
    const ordered = isKept ? elements : sorted(client, elements, options)
    const end = options.count === undefined ? undefined : options.offset + options.count
    const result = ordered.slice(options.offset, end)
    const rows = result.flatMap((element) =>
      options.get.length === 0
        ? [element]
        : options.get.map((pattern) => lookUp(client, pattern, element)),
    )
    if (options.target === undefined) {
      client.reply.array(rows.length)
      for (const row of rows) client.reply.bulkOrNull(row)
    } else store(client, options.target, rows)
  }

function store(client: Client, target: string, rows: readonly (string | undefined)[]): void {
  if (rows.length === 0) client.database.remove(target)
  else {
    const list = new ListValue()
    for (const row of rows) list.pushTail(row ?? '')
    client.database.set(target, list)
    client.database.notify('list', 'sortstore', target)
  }
  client.reply.integer(rows.length)
}

/** Where STORE's key is: only a parse can tell. The last one counts. */
function storePosition(args: readonly string[]): number[] {
  let position: number | undefined
  for (let at = 2; at < args.length; at += 1) {
    const option = (args[at] as string).toUpperCase()
    if (option === 'LIMIT') at += 2
    else if (option === 'BY' || option === 'GET') at += 1
    else if (option === 'STORE' && at + 1 < args.length) {
      at += 1
      position = at
    }
  }
  return position === undefined ? [] : [position]
}

const anywhere = { lastKey: 0, step: 1, limit: 0 } as const
const patterns: KeySpec = {
  flags: ['RO', 'access'],
  begin: { positions: undefined },
  find: anywhere,
}
const target: KeySpec = {
  flags: ['OW', 'update'],
  begin: { positions: storePosition },
  find: anywhere,
}
const base = {
  group: 'generic',
  categories: ['set', 'sortedset', 'list', 'dangerous'],
  arity: -2,
} as const

export const SORT_COMMANDS: readonly CommandDefinition[] = [
  {
    ...base,
    name: 'sort',
    syntax:
      'key [BY pattern#1] [LIMIT offset count] [GET pattern#1 [GET pattern ...]] order=[ASC | DESC] [sorting=ALPHA] [STORE destination#2]',
    complexity: 'O(N+M*log(M)), N elements of which M are answered',
    flags: ['write', 'denyoom', 'movablekeys'],
    keys: [keyAt(1, 'RO', 'access'), patterns, target],
    since: '1.0.0',
    summary: 'Sorts a list, set or sorted set, and may store the result.',
    handler: sort(true),
  },
  {
    ...base,
    name: 'sort_ro',
    syntax:
      'key [BY pattern#1] [LIMIT offset count] [GET pattern#1 [GET pattern ...]] order=[ASC | DESC] [sorting=ALPHA]',
    complexity: 'O(N+M*log(M)), N elements of which M are answered',
    flags: ['readonly', 'movablekeys'],
    keys: [keyAt(1, 'RO', 'access'), patterns],
    since: '7.0.0',
    summary: 'Sorts a list, set or sorted set.',
    handler: sort(false),
  },
]
