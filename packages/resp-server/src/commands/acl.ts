import { randomBytes } from 'node:crypto'
import type { AclLogEntry } from '../acl/acl-log.ts'
import type { Selector } from '../acl/selector.ts'
import type { Client } from '../clients/client.ts'
import { ReplyError } from '../errors.ts'
import { integer } from './arguments.ts'
import type { CommandDefinition } from './command.ts'
import { acceptsCount, wrongArity } from './command-table.ts'

function setuser({ reply, server }: Client, args: readonly string[]) {
  const [, , name = '', ...rules] = args
  if (/[\s\0]/.test(name)) {
    throw new ReplyError("ERR Usernames can't contain spaces or null characters")
  }
  const problem = server.acl.setUser(name, rules)
  if (problem !== undefined) throw new ReplyError(`ERR ${problem}`)
  reply.ok()
}

function deluser({ reply, server }: Client, args: readonly string[]) {
  const names = args.slice(2)
  if (names.includes('default')) {
    throw new ReplyError("ERR The 'default' user cannot be removed")
  }
  reply.integer(names.filter((name) => server.acl.deleteUser(name)).length)
}

function writeSelector({ reply }: Client, selector: Selector): void {
  reply.bulk('commands')
  reply.bulk(selector.describeCommands())
  reply.bulk('keys')
  reply.bulk(selector.describeKeys())
  reply.bulk('channels')
  reply.bulk(selector.describeChannels())
}

function getuser(client: Client, args: readonly string[]) {
  const { reply, server } = client
  const user = server.acl.find(args[2] as string)
  if (user === undefined) return reply.null()
  reply.map(6)
  reply.bulk('flags')
  reply.set(user.flags.length)
  for (const flag of user.flags) reply.bulk(flag)
  reply.bulk('passwords')
  reply.array(user.passwords.length)
  for (const hash of user.passwords) reply.bulk(hash)
  writeSelector(client, user.root)
  reply.bulk('selectors')
  const others = user.selectors.slice(1)
  reply.array(others.length)
  for (const selector of others) {
    reply.map(3)
    writeSelector(client, selector)
  }
}

function list({ reply, server }: Client) {
  reply.array(server.acl.users.length)
  for (const user of server.acl.users) reply.bulk(`user ${user.name} ${user.describe()}`)
}

function users({ reply, server }: Client) {
  reply.array(server.acl.users.length)
  for (const { name } of server.acl.users) reply.bulk(name)
}

function whoami({ reply, user }: Client) {
  reply.bulk(user.name)
}

/** The path of the file with the users; without one LOAD and SAVE are errors. */
function aclFile({ server }: Client): string {
  const { aclfile } = server.settings
  if (aclfile !== '') return aclfile
  throw new ReplyError(
    'ERR This Redis instance is not configured to use an ACL file. You may want to specify users ' +
      'via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis ' +
      'configuration file set) in order to store users in the Redis configuration.',
  )
}

function load(client: Client) {
  const problem = client.server.acl.load(aclFile(client))
  if (problem !== undefined) throw new ReplyError(`ERR ${problem}`)
  client.reply.ok()
}

function save(client: Client) {
  const path = aclFile(client)
  try {
    client.server.acl.save(path)
  } catch (error) {
    client.server.logger.warn('the ACL file cannot be written', { path, error: String(error) })
    throw new ReplyError(
      'ERR There was an error trying to save the ACLs. Please check the server logs for more ' +
        'information',
    )
  }
  client.reply.ok()
}

function cat({ reply, server }: Client, args: readonly string[]) {
  const [, , wanted] = args
  if (args.length > 3) throw wrongCount(args[1] as string)
  if (wanted === undefined) {
    reply.array(server.commands.categories.length)
    for (const category of server.commands.categories) reply.bulk(category)
    return
  }
  if (!server.commands.categories.includes(wanted.toLowerCase())) {
    throw new ReplyError(`ERR Unknown category '${wanted.slice(0, 128)}'`)
  }
  const names: string[] = []
  for (const command of server.commands.all()) {
    for (const one of [command, ...(command.subcommands?.values() ?? [])]) {
      if (one.categories.some((category) => category === wanted.toLowerCase())) {
        names.push(one.fullName)
      }
    }
  }
  reply.array(names.length)
  for (const name of names) reply.bulk(name)
}

function genpass({ reply }: Client, args: readonly string[]) {
  const bits = args.length === 3 ? integer(args[2] as string) : 256
  if (args.length > 3) throw wrongCount('genpass')
  if (bits <= 0 || bits > 4096) {
    throw new ReplyError(
      'ERR ACL GENPASS argument must be the number of bits for the output password, a positive ' +
        'number up to 4096',
    )
  }
  const digits = Math.ceil(bits / 4)
  reply.bulk(
    randomBytes(Math.ceil(digits / 2))
      .toString('hex')
      .slice(0, digits),
  )
}

const wrongCount = (name: string): ReplyError =>
  new ReplyError(`ERR unknown subcommand or wrong number of arguments for '${name}'. Try ACL HELP.`)

function writeLogEntry({ reply, server }: Client, entry: AclLogEntry): void {
  const age = (server.keyspace.now - entry.updatedAt) / 1000
  reply.map(10)
  reply.bulk('count')
  reply.integer(entry.count)
  for (const field of ['reason', 'context', 'object', 'username'] as const) {
    reply.bulk(field)
    reply.bulk(entry[field])
  }
  reply.bulk('age-seconds')
  reply.double(age)
  reply.bulk('client-info')
  reply.bulk(entry.client)
  reply.bulk('entry-id')
  reply.integer(entry.id)
  reply.bulk('timestamp-created')
  reply.integer(Math.floor(entry.createdAt))
  reply.bulk('timestamp-last-updated')
  reply.integer(Math.floor(entry.updatedAt))
}

function log(client: Client, args: readonly string[]) {
  const { acl } = client.server
  if (args.length > 3) throw wrongCount('log')
  if (args[2]?.toLowerCase() === 'reset') {
    acl.log.clear()
    return client.reply.ok()
  }
  const count = args.length === 3 ? Math.max(0, integer(args[2] as string)) : 10
  const entries = acl.log.entries.slice(0, count)
  client.reply.array(entries.length)
  for (const entry of entries) writeLogEntry(client, entry)
}

function dryrun({ reply, server }: Client, args: readonly string[]) {
  const user = server.acl.find(args[2] as string)
  if (user === undefined) throw new ReplyError(`ERR User '${args[2]}' not found`)
  const request = args.slice(3)
  const command = server.commands.resolve(request)
  if (command === undefined) throw new ReplyError(`ERR Command '${args[3]}' not found`)
  if (!acceptsCount(command, request.length)) throw wrongArity(command)
  const denial = user.check(command, request)
  if (denial === undefined) return reply.ok()
  const what = request[denial.position] ?? ''
  if (denial.reason === 'command') {
    reply.bulk(`This user has no permissions to run the '${command.fullName}' command`)
  } else reply.bulk(`This user has no permissions to access the '${what}' ${denial.reason}`)
}

const base = { group: 'server', flags: ['admin', 'noscript', 'loading', 'stale'] } as const
const open = { group: 'server', flags: ['noscript', 'loading', 'stale'] } as const

const ACL_SUBCOMMANDS: readonly CommandDefinition[] = [
  {
    ...open,
    name: 'cat',
    syntax: '[categoryname]',
    complexity: 'O(N), N commands',
    arity: -2,
    since: '6.0.0',
    summary: 'Answers the categories of commands, or the commands of one.',
    handler: cat,
  },
  {
    ...base,
    name: 'deluser',
    syntax: 'username [username ...]',
    complexity: 'O(N), N users given',
    arity: -3,
    since: '6.0.0',
    summary: 'Removes users and closes their connections.',
    handler: deluser,
  },
  {
    ...base,
    name: 'dryrun',
    syntax: 'username command [arg [arg ...]]',
    complexity: 'O(1)',
    arity: -4,
    since: '7.0.0',
    summary: 'Tells whether a user might run a command, without running it.',
    handler: dryrun,
  },
  {
    ...open,
    name: 'genpass',
    syntax: '[bits]',
    complexity: 'O(1)',
    arity: -2,
    since: '6.0.0',
    summary: 'Answers a random password.',
    handler: genpass,
  },
  {
    ...base,
    name: 'getuser',
    syntax: 'username',
    complexity: 'O(N), N rules of the user',
    history: [
      ['6.2.0', 'Answers the patterns of channels.'],
      ['7.0.0', 'Answers selectors, and patterns as rules.'],
    ],
    arity: 3,
    since: '6.0.0',
    summary: 'Answers the rules of a user.',
    handler: getuser,
  },
  {
    ...base,
    name: 'list',
    complexity: 'O(N), N users',
    arity: 2,
    since: '6.0.0',
    summary: 'Answers all users as lines of an ACL file.',
    handler: list,
  },
  {
    ...base,
    name: 'load',
    complexity: 'O(N), N users',
    arity: 2,
    since: '6.0.0',
    summary: 'Reads the users again from the ACL file.',
    handler: load,
  },
  {
    ...base,
    name: 'log',
    syntax: 'operation=[count | RESET]',
    complexity: 'O(N), N entries',
    arity: -2,
    since: '6.0.0',
    summary: 'Answers what was denied lately.',
    handler: log,
  },
  {
    ...base,
    name: 'save',
    complexity: 'O(N), N users',
    arity: 2,
    since: '6.0.0',
    summary: 'Writes the users to the ACL file.',
    handler: save,
  },
  {
    ...base,
    name: 'setuser',
    syntax: 'username [rule [rule ...]]',
    complexity: 'O(N), N rules given',
    history: [
      ['6.2.0', 'Takes patterns of channels.'],
      ['7.0.0', 'Takes selectors and permissions by key.'],
    ],
    arity: -3,
    since: '6.0.0',
    summary: 'Changes or makes a user.',
    handler: setuser,
  },
  {
    ...base,
    name: 'users',
    complexity: 'O(N), N users',
    arity: 2,
    since: '6.0.0',
    summary: 'Answers the names of all users.',
    handler: users,
  },
  {
    ...open,
    name: 'whoami',
    complexity: 'O(1)',
    arity: 2,
    since: '6.0.0',
    summary: 'Answers the user of the connection.',
    handler: whoami,
  },
]

export const ACL_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'acl',
    complexity: 'Depends on the subcommand.',
    arity: -2,
    group: 'server',
    flags: [],
    since: '6.0.0',
    summary: 'Manages users and what they may do.',
    subcommands: ACL_SUBCOMMANDS,
  },
]
