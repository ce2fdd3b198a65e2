import type { Client } from '../clients/client.ts'
import { describeClient } from '../clients/describe-client.ts'
import { ReplyError } from '../errors.ts'
import { SILENT } from '../protocol/silent-reply.ts'
import { integer, syntaxError } from './arguments.ts'
import { killClients } from './client-kill.ts'
import { PAUSE_SUBCOMMANDS } from './client-pause.ts'
import type { CommandDefinition, CommandFlag } from './command.ts'
import { TRACKING_SUBCOMMANDS } from './tracking.ts'

/** Printable and without blanks, as names go into CLIENT LIST. */
const isPlain = (text: string): boolean => /^[!-~]*$/.test(text)

export function setClientName(client: Client, name: string): void {
  if (!isPlain(name)) {
    throw new ReplyError('ERR Client names cannot contain spaces, newlines or special characters.')
  }
  client.name = name
}

function setname(client: Client, args: readonly string[]) {
  setClientName(client, args[2] as string)
  client.reply.ok()
}

function getname(client: Client) {
  if (client.name === '') client.reply.null()
  else client.reply.bulk(client.name)
}

function setinfo(client: Client, args: readonly string[]) {
  const option = (args[2] as string).toLowerCase()
  const value = args[3] as string
  if (option !== 'lib-name' && option !== 'lib-ver') {
    throw new ReplyError(`ERR Unrecognized option '${args[2]}'`)
  }
  if (!isPlain(value)) {
    throw new ReplyError(`ERR ${option} cannot contain spaces, newlines or special characters.`)
  }
  if (option === 'lib-name') client.libraryName = value
  else client.libraryVersion = value
  client.reply.ok()
}

function id(client: Client) {
  client.reply.integer(client.id)
}

function info(client: Client, args: readonly string[]) {
  client.reply.verbatim(`${describeClient(client, args)}\n`)
}

/** Redis' classes of clients; there are no replicas here. */
export function isOfType(client: Client, type: string): boolean {
  const isReplica = client.server.downstream.of(client) !== undefined
  if (type === 'replica' || type === 'slave') return isReplica
  if (type === 'pubsub') return client.isSubscriber
  return type === 'normal' && !client.isSubscriber && !isReplica
}

export function checkType(text: string): string {
  const type = text.toLowerCase()
  if (!['normal', 'pubsub', 'master', 'replica', 'slave'].includes(type)) {
    throw new ReplyError(`ERR Unknown client type '${text}'`)
  }
  return type
}

function list(client: Client, args: readonly string[]) {
  let chosen = client.server.clients.all()
  const option = args[2]?.toUpperCase()
  if (option === 'TYPE' && args.length === 4) {
    const type = checkType(args[3] as string)
    chosen = chosen.filter((other) => isOfType(other, type))
  } else if (option === 'ID' && args.length > 3) {
    const ids = args.slice(3).map((text) => {
      return integer(text, () => new ReplyError('ERR Invalid client ID'))
    })
    chosen = ids.flatMap((wanted) => client.server.clients.get(wanted) ?? [])
  } else if (args.length !== 2) throw syntaxError()
  // who is only sent what is left is gone for everybody else
  const present = chosen.filter((other) => other === client || !other.isClosing)
  const lines = present.map((other) => describeClient(other, other === client ? args : []))
  client.reply.verbatim(lines.map((line) => `${line}\n`).join(''))
}

function unblock(client: Client, args: readonly string[]) {
  const wanted = integer(args[2] as string)
  const how = (args[3] ?? 'timeout').toLowerCase()
  if (args.length > 4 || (how !== 'timeout' && how !== 'error')) {
    throw new ReplyError('ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR')
  }
  const other = client.server.clients.get(wanted)
  const error = how === 'error' ? 'UNBLOCKED client unblocked via CLIENT UNBLOCK' : undefined
  const wait = other?.blocked
  const isWaiting = wait !== undefined && (wait.keys.length > 0 || wait.isUnblockable)
  const wasBlocked =
    isWaiting && other !== undefined && client.server.blocking.unblock(other, error)
  client.reply.integer(wasBlocked ? 1 : 0)
}

const toggle =
  (field: 'noEvict' | 'noTouch') =>
  (client: Client, args: readonly string[]): void => {
    const mode = (args[2] as string).toLowerCase()
    if (mode !== 'on' && mode !== 'off') throw syntaxError()
    client[field] = mode === 'on'
    client.reply.ok()
  }

function reply(client: Client, args: readonly string[]) {
  const mode = (args[2] as string).toLowerCase()
  if (mode === 'on') {
    client.replyMode = 'on'
    client.reply = client.output
    client.reply.ok()
  } else if (mode === 'off') {
    client.replyMode = 'off'
    client.reply = SILENT
  } else if (mode === 'skip') {
    if (client.replyMode !== 'off') client.replyMode = 'skip-next'
  } else throw syntaxError()
}

const FIELDS = { group: 'connection', categories: ['connection'] } as const
const flags: readonly CommandFlag[] = ['noscript', 'loading', 'stale']
const admin: readonly CommandFlag[] = ['admin', ...flags]

export const CLIENT_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'client',
    complexity: 'Depends on the subcommand.',
    arity: -2,
    group: 'connection',
    flags: [],
    since: '2.4.0',
    summary: 'Looks at connections and changes them.',
    subcommands: [
      {
        ...FIELDS,
        name: 'id',
        complexity: 'O(1)',
        arity: 2,
        flags,
        since: '5.0.0',
        summary: 'Answers the number of the connection.',
        handler: id,
      },
      {
        ...FIELDS,
        name: 'info',
        complexity: 'O(1)',
        arity: 2,
        flags,
        since: '6.2.0',
        summary: 'Describes the connection.',
        tips: ['nondeterministic_output'],
        handler: info,
      },
      {
        ...FIELDS,
        name: 'list',
        syntax:
          '[TYPE normal_master_replica_pubsub=<NORMAL | MASTER | REPLICA | PUBSUB>]@5.0.0 [ID id=<client-id [client-id ...]>]@6.2.0',
        complexity: 'O(N), N clients',
        history: [
          ['2.8.12', 'Shows `id`.'],
          ['6.0.0', 'Shows `user`.'],
          ['6.2.0', 'Shows `argv-mem`, `tot-mem`, `laddr` and `redir`.'],
          ['7.0.0', 'Shows `resp`, `multi-mem`, `rbs` and `rbp`.'],
          ['7.0.3', 'Shows `ssub`.'],
        ],
        arity: -2,
        flags: admin,
        since: '2.4.0',
        summary: 'Describes all connections.',
        tips: ['nondeterministic_output'],
        handler: list,
      },
      {
        ...FIELDS,
        name: 'setname',
        syntax: 'connection-name',
        complexity: 'O(1)',
        arity: 3,
        flags,
        since: '2.6.9',
        summary: 'Names the connection.',
        handler: setname,
      },
      {
        ...FIELDS,
        name: 'getname',
        complexity: 'O(1)',
        arity: 2,
        flags,
        since: '2.6.9',
        summary: 'Answers the name of the connection.',
        handler: getname,
      },
      {
        ...FIELDS,
        name: 'setinfo',
        syntax: 'attr=<LIB-NAME libname | LIB-VER libver>',
        complexity: 'O(1)',
        arity: 4,
        flags,
        since: '7.2.0',
        summary: 'Tells which client library is at the other end.',
        handler: setinfo,
      },
      {
        ...FIELDS,
        name: 'kill',
        syntax:
          'filter=<ip:port!2.8.12 | new-format=<[ID client-id]@2.8.12 [TYPE normal_master_slave_pubsub=<NORMAL | MASTER@3.2.0 | SLAVE | REPLICA@5.0.0 | PUBSUB>]@2.8.12 [USER username] [ADDR ip:port] [LADDR ip:port]@6.2.0 [SKIPME yes/no] [MAXAGE maxage]@7.4.0> [...]>',
        complexity: 'O(N), N clients',
        arity: -3,
        flags: admin,
        since: '2.4.0',
        summary: 'Closes connections.',
        handler: killClients,
      },
      {
        ...FIELDS,
        name: 'unblock',
        syntax: 'client-id timeout_error=[TIMEOUT | ERROR]',
        complexity: 'O(1)',
        arity: -3,
        flags: admin,
        since: '5.0.0',
        summary: 'Ends the wait of a connection.',
        handler: unblock,
      },
      {
        ...FIELDS,
        name: 'no-evict',
        syntax: 'enabled=<ON | OFF>',
        complexity: 'O(1)',
        arity: 3,
        flags: admin,
        since: '7.0.0',
        summary: 'Keeps the connection when memory gets short.',
        handler: toggle('noEvict'),
      },
      {
        ...FIELDS,
        name: 'no-touch',
        syntax: 'enabled=<ON | OFF>',
        complexity: 'O(1)',
        arity: 3,
        flags,
        since: '7.2.0',
        summary: 'Lets reads of the connection not count as accesses.',
        handler: toggle('noTouch'),
      },
      {
        ...FIELDS,
        name: 'reply',
        syntax: 'on_off_skip=<ON | OFF | SKIP>',
        complexity: 'O(1)',
        arity: 3,
        flags,
        since: '3.2.0',
        summary: 'Switches replies on or off.',
        handler: reply,
      },
      ...TRACKING_SUBCOMMANDS,
      ...PAUSE_SUBCOMMANDS,
    ],
  },
]
