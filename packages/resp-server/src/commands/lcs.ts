import type { Client } from '../clients/client.ts'
import { ReplyError } from '../errors.ts'
import { Collection } from '../values/collection.ts'
import { textOf } from '../values/large-string.ts'
import { integer, syntaxError } from './arguments.ts'
import { type CommandDefinition, keysFrom } from './command.ts'

/** A stretch that both strings share. */
interface Match {
  readonly aStart: number
  readonly aEnd: number
  readonly bStart: number
  readonly bEnd: number
}

interface Options {
  length: boolean
  indexes: boolean
  withMatchLength: boolean
  minMatchLength: number
}

function parseOptions(args: readonly string[]): Options {
  const found = { length: false, indexes: false, withMatchLength: false, minMatchLength: 0 }
  for (let at = 3; at < args.length; at += 1) {
    const option = (args[at] as string).toUpperCase()
    if (option === 'LEN') found.length = true
    else if (option === 'IDX') found.indexes = true
    else if (option === 'WITHMATCHLEN') found.withMatchLength = true
    else if (option === 'MINMATCHLEN' && at + 1 < args.length) {
      at += 1
      found.minMatchLength = Math.max(0, integer(args[at] as string))
    } else throw syntaxError()
  }
  if (found.length && found.indexes) {
    throw new ReplyError('ERR If you want both the length and indexes, please just use IDX.')
  }
  return found
}

function stringAt(client: Client, key: string): string {
  const value = client.database.read(key)
  if (value instanceof Collection) {
    throw new ReplyError('ERR The specified keys must contain string values')
  }
  return value === undefined ? '' : textOf(value)
}

/** Lengths of the common subsequences of all pairs of prefixes. */
function lengths(a: string, b: string): Uint32Array {
  const width = b.length + 1
  const table = new Uint32Array((a.length + 1) * width)
  for (let i = 1; i <= a.length; i += 1) {
    const code = a.charCodeAt(i - 1)
    for (let j = 1; j <= b.length; j += 1) {
      const at = i * width + j
      if (code === b.charCodeAt(j - 1)) table[at] = (table[at - width - 1] as number) + 1
      else table[at] = Math.max(table[at - width] as number, table[at - 1] as number)
    }
  }
  return table
}

/** Walks back through the table: the subsequence, and its stretches from the last to the first. */
function trace(a: string, b: string, table: Uint32Array): { text: string; matches: Match[] } {
  const width = b.length + 1
  const matches: Match[] = []
  const letters: string[] = []
  let i = a.length
  let j = b.length
  let aEnd = -1
  let bEnd = -1
  const finish = (): void => {
    if (aEnd !== -1) matches.push({ aStart: i, aEnd, bStart: j, bEnd })
    aEnd = -1
  }
  while (i > 0 && j > 0) {
    if (a.charCodeAt(i - 1) === b.charCodeAt(j - 1)) {
      letters.push(a[i - 1] as string)
      if (aEnd === -1) {
        aEnd = i - 1
        bEnd = j - 1
      }
      i -= 1
      j -= 1
      continue
    }
    finish()
    const up = table[(i - 1) * width + j] as number
    const left = table[i * width + j - 1] as number
    if (up > left) i -= 1
    else j -= 1
  }
  finish()
  return { text: letters.reverse().join(''), matches }
}

function lcs(client: Client, args: readonly string[]) {
  const { reply, server } = client
  const a = stringAt(client, args[1] as string)
  const b = stringAt(client, args[2] as string)
  const options = parseOptions(args)
  if ((a.length + 1) * (b.length + 1) * 4 > server.settings.protoMaxBulkLen) {
    throw new ReplyError(
      'ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len',
    )
  }
  const table = lengths(a, b)
  const length = table[table.length - 1] as number
  if (options.length) return reply.integer(length)
  const { text, matches } = trace(a, b, table)
  if (!options.indexes) return reply.bulk(text)
  const shown = matches.filter(({ aStart, aEnd }) => aEnd - aStart + 1 >= options.minMatchLength)
  reply.map(2)
  reply.bulk('matches')
  reply.array(shown.length)
  for (const { aStart, aEnd, bStart, bEnd } of shown) {
    reply.array(options.withMatchLength ? 3 : 2)
    for (const [start, end] of [
      [aStart, aEnd],
      [bStart, bEnd],
    ] as const) {
      reply.array(2)
      reply.integer(start)
      reply.integer(end)
    }
    if (options.withMatchLength) reply.integer(aEnd - aStart + 1)
  }
  reply.bulk('len')
  reply.integer(length)
}

export const LCS_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'lcs',
    syntax: 'key1 key2 [LEN] [IDX] [MINMATCHLEN len] [WITHMATCHLEN]',
    complexity: 'O(N*M), the lengths of the strings',
    arity: -3,
    group: 'string',
    categories: ['string'],
    flags: ['readonly'],
    keys: [keysFrom(1, 1, 1, 'RO', 'access')],
    since: '7.0.0',
    summary: 'Finds the longest common subsequence of two strings.',
    handler: lcs,
  },
]
