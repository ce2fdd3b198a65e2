import type { Client } from '../clients/client.ts'
import { ReplyError } from '../errors.ts'
import type { Reply } from '../protocol/reply.ts'
import { matchGlob } from '../values/glob.ts'
import { syntaxError } from './arguments.ts'
import type { Command, CommandDefinition, CommandFlag, KeySpec } from './command.ts'
import { writeDocs } from './command-docs.ts'
import { acceptsCount } from './command-table.ts'
import { type FoundKey, findKeys, legacyRange } from './key-positions.ts'

/** Flags that COMMAND INFO does not show. */
const HIDDEN: ReadonlySet<CommandFlag> = new Set(['sentinel', 'may_replicate'])

function simpleSet(reply: Reply, names: readonly string[]): void {
  reply.set(names.length)
  for (const name of names) reply.simple(name)
}

function writeKeySpec(reply: Reply, { flags, begin, find }: KeySpec): void {
  reply.map(3)
  reply.bulk('flags')
  simpleSet(reply, flags)
  reply.bulk('begin_search')
  if ('index' in begin) writeTyped(reply, 'index', { index: begin.index })
  else if ('positions' in begin) writeTyped(reply, 'unknown', {})
  else writeTyped(reply, 'keyword', { keyword: begin.keyword, startfrom: begin.startFrom })
  reply.bulk('find_keys')
  if ('positions' in begin) writeTyped(reply, 'unknown', {})
  else if ('lastKey' in find) {
    const spec = { lastkey: find.lastKey, keystep: find.step, limit: find.limit }
    writeTyped(reply, 'range', spec)
  } else {
    const spec = { keynumidx: find.keyNumIndex, firstkey: find.firstKey, keystep: find.step }
    writeTyped(reply, 'keynum', spec)
  }
}

function writeTyped(reply: Reply, type: string, spec: Record<string, number | string>): void {
  reply.map(2)
  reply.bulk('type')
  reply.bulk(type)
  reply.bulk('spec')
  const entries = Object.entries(spec)
  reply.map(entries.length)
  for (const [name, value] of entries) {
    reply.bulk(name)
    if (typeof value === 'number') reply.integer(value)
    else reply.bulk(value)
  }
}

function writeInfo(reply: Reply, command: Command): void {
  const { definition } = command
  reply.array(10)
  reply.bulk(command.fullName)
  reply.integer(command.arity)
  simpleSet(
    reply,
    definition.flags.filter((flag) => !HIDDEN.has(flag)),
  )
  for (const position of legacyRange(command)) reply.integer(position)
  simpleSet(
    reply,
    command.categories.map((category) => `@${category}`),
  )
  const tips = definition.tips ?? []
  reply.set(tips.length)
  for (const tip of tips) reply.bulk(tip)
  const specs = definition.keys ?? []
  reply.set(specs.length)
  for (const spec of specs) writeKeySpec(reply, spec)
  const subcommands = [...(command.subcommands?.values() ?? [])]
  if (subcommands.length === 0) reply.set(0)
  else reply.array(subcommands.length)
  for (const sub of subcommands) writeInfo(reply, sub)
}

function all(client: Client) {
  const { commands } = client.server
  client.reply.array(commands.size)
  for (const command of commands.all()) writeInfo(client.reply, command)
}

function info(client: Client, args: readonly string[]) {
  if (args.length === 2) return all(client)
  client.reply.array(args.length - 2)
  for (const name of args.slice(2)) {
    const command = client.server.commands.findFull(name)
    if (command === undefined) client.reply.nullArray()
    else writeInfo(client.reply, command)
  }
}

function docs(client: Client, args: readonly string[]) {
  const { commands } = client.server
  const chosen =
    args.length === 2
      ? [...commands.all()]
      : args.slice(2).flatMap((name) => commands.findFull(name) ?? [])
  client.reply.map(chosen.length)
  for (const command of chosen) writeDocs(client.reply, command)
}

function count(client: Client) {
  client.reply.integer(client.server.commands.size)
}

function list(client: Client, args: readonly string[]) {
  let names = [...client.server.commands.all()].flatMap((command) => [
    command,
    ...(command.subcommands?.values() ?? []),
  ])
  if (args.length > 2) {
    const [, , word, kind, value] = args as [string, string, string, string, string]
    if (args.length !== 5 || word.toUpperCase() !== 'FILTERBY') throw syntaxError()
    const filter = kind.toUpperCase()
    const wanted = value.toLowerCase()
    if (filter === 'ACLCAT') {
      names = names.filter(({ categories }) => categories.includes(wanted))
    } else if (filter === 'PATTERN') {
      names = names.filter(({ fullName }) => matchGlob(value, fullName, { nocase: true }))
    } else if (filter === 'MODULE') {
      names = names.filter(({ definition }) => definition.module?.toLowerCase() === wanted)
    } else throw syntaxError()
  }
  client.reply.array(names.length)
  for (const { fullName } of names) client.reply.bulk(fullName)
}

/** The keys of the request in `args`, which starts at the third word. */
function keysOf(client: Client, args: readonly string[]): FoundKey[] {
  const request = args.slice(2)
  const container = client.server.commands.find(request[0] as string)
  const sub = container?.subcommands?.get((request[1] ?? '').toLowerCase())
  const command = sub ?? container
  if (command === undefined) throw new ReplyError('ERR Invalid command specified')
  if ((command.definition.keys ?? []).every(({ flags }) => flags.includes('not_key'))) {
    throw new ReplyError('ERR The command has no key arguments')
  }
  if (!acceptsCount(command, request.length)) {
    throw new ReplyError('ERR Invalid number of arguments specified for command')
  }
  const found = findKeys(command, request) ?? []
  if (found.length === 0 && !command.flags.has('no_mandatory_keys')) {
    throw new ReplyError('ERR Invalid arguments specified for command')
  }
  return found
}

function getkeys(client: Client, args: readonly string[]) {
  const found = keysOf(client, args)
  client.reply.array(found.length)
  for (const { position } of found) client.reply.bulk(args[position + 2] as string)
}

function getkeysandflags(client: Client, args: readonly string[]) {
  const found = keysOf(client, args)
  client.reply.array(found.length)
  for (const { position, flags } of found) {
    client.reply.array(2)
    client.reply.bulk(args[position + 2] as string)
    simpleSet(client.reply, flags)
  }
}

const base = {
  group: 'server',
  categories: ['connection'],
  flags: ['loading', 'stale'],
} as const
const tips = ['nondeterministic_output_order']

export const INTROSPECTION_COMMANDS: readonly CommandDefinition[] = [
  {
    ...base,
    name: 'command',
    complexity: 'O(N), N commands',
    arity: -1,
    since: '2.8.13',
    summary: 'Describes all commands.',
    tips,
    handler: all,
    subcommands: [
      {
        ...base,
        name: 'count',
        complexity: 'O(1)',
        arity: 2,
        since: '2.8.13',
        summary: 'Counts the commands.',
        handler: count,
      },
      {
        ...base,
        name: 'info',
        syntax: '[command-name [command-name ...]]',
        complexity: 'O(N), N commands answered',
        history: [['7.0.0', 'Describes all commands when none is named.']],
        arity: -2,
        since: '2.8.13',
        summary: 'Describes commands for programs.',
        tips,
        handler: info,
      },
      {
        ...base,
        name: 'docs',
        syntax: '[command-name [command-name ...]]',
        complexity: 'O(N), N commands answered',
        arity: -2,
        since: '7.0.0',
        summary: 'Describes commands for people.',
        tips,
        handler: docs,
      },
      {
        ...base,
        name: 'list',
        syntax: '[FILTERBY filterby=<MODULE module-name | ACLCAT category | PATTERN pattern>]',
        complexity: 'O(N), N commands',
        arity: -2,
        since: '7.0.0',
        summary: 'Answers the names of commands.',
        tips,
        handler: list,
      },
      {
        ...base,
        name: 'getkeys',
        syntax: 'command [arg [arg ...]]',
        complexity: 'O(N), N arguments',
        arity: -3,
        since: '2.8.13',
        summary: 'Answers the keys in a request.',
        handler: getkeys,
      },
      {
        ...base,
        name: 'getkeysandflags',
        syntax: 'command [arg [arg ...]]',
        complexity: 'O(N), N arguments',
        arity: -3,
        since: '7.0.0',
        summary: 'Answers the keys in a request and how they are used.',
        handler: getkeysandflags,
      },
    ],
  },
]
