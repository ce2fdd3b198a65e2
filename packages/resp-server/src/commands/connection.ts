import type { Client } from '../clients/client.ts'
import { ReplyError } from '../errors.ts'
import { REDIS_VERSION } from '../server/version.ts'
import { parseInteger } from '../values/numbers.ts'
import { databaseIndex, syntaxError } from './arguments.ts'
import { setClientName } from './client.ts'
import type { CommandDefinition } from './command.ts'
import { writeModules } from './server.ts'

function ping(client: Client, args: readonly string[]) {
  const { reply } = client
  if (args.length > 2) throw new ReplyError("ERR wrong number of arguments for 'ping' command")
  if (client.isSubscriber && reply.version === 2) {
    reply.array(2)
    reply.bulk('pong')
    reply.bulk(args[1] ?? '')
  } else if (args.length === 1) reply.simple('PONG')
  else reply.bulk(args[1] as string)
}

function echo(client: Client, args: readonly string[]) {
  client.reply.bulk(args[1] as string)
}

function select(client: Client, args: readonly string[]) {
  const index = databaseIndex(args[1] as string)
  const { keyspace, settings } = client.server
  const database = keyspace.databases[index]
  if (settings.clusterEnabled && index !== 0) {
    throw new ReplyError('ERR SELECT is not allowed in cluster mode')
  }
  if (database === undefined) throw new ReplyError('ERR DB index is out of range')
  client.database = database
  client.reply.ok()
}

function logIn(client: Client, name: string, password: string): void {
  const user = client.server.acl.authenticate(client, name, password)
  if (user === undefined) {
    throw new ReplyError('WRONGPASS invalid username-password pair or user is disabled.')
  }
  client.user = user
  client.isAuthenticated = true
}

function auth(client: Client, args: readonly string[]) {
  if (args.length > 3) throw syntaxError()
  if (args.length === 2 && client.server.acl.defaultUser.needsNoPassword) {
    throw new ReplyError(
      'ERR AUTH <password> called without any password configured for the default user. ' +
        'Are you sure your configuration is correct?',
    )
  }
  logIn(client, args.length === 3 ? (args[1] as string) : 'default', args.at(-1) as string)
  client.reply.ok()
}

function hello(client: Client, args: readonly string[]) {
  let version: number = client.output.version
  let next = 1
  if (args.length > 1) {
    const parsed = parseInteger(args[1] as string)
    if (parsed === undefined) {
      throw new ReplyError('ERR Protocol version is not an integer or out of range')
    }
    if (parsed !== 2 && parsed !== 3) {
      throw new ReplyError('NOPROTO unsupported protocol version')
    }
    version = parsed
    next = 2
  }
  let name: string | undefined
  for (; next < args.length; next += 1) {
    const option = (args[next] as string).toUpperCase()
    if (option === 'AUTH' && next + 2 < args.length) {
      logIn(client, args[next + 1] as string, args[next + 2] as string)
      next += 2
    } else if (option === 'SETNAME' && next + 1 < args.length) {
      next += 1
      name = args[next] as string
    } else throw new ReplyError(`ERR Syntax error in HELLO option '${args[next]}'`)
  }
  if (!client.isAuthenticated) {
    throw new ReplyError(
      'NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO ' +
        '<proto> AUTH <user> <pass> option can be used to authenticate the client and select ' +
        'the RESP protocol version at the same time',
    )
  }
  if (name !== undefined) setClientName(client, name)
  client.output.version = version as 2 | 3
  answerHello(client)
}

function answerHello(client: Client): void {
  const { reply } = client
  reply.map(7)
  reply.bulk('server')
  reply.bulk('redis')
  reply.bulk('version')
  reply.bulk(REDIS_VERSION)
  reply.bulk('proto')
  reply.integer(client.output.version)
  reply.bulk('id')
  reply.integer(client.id)
  reply.bulk('mode')
  reply.bulk(client.server.settings.clusterEnabled ? 'cluster' : 'standalone')
  reply.bulk('role')
  reply.bulk(client.server.isReplica ? 'replica' : 'master')
  reply.bulk('modules')
  writeModules(reply, client.server.modules.all)
}

function quit(client: Client) {
  client.reply.ok()
  client.transport.close('after-reply')
}

/** Back to how the connection was when it was new. */
function reset(client: Client) {
  client.discardTransaction()
  client.server.pubsub.unsubscribeAll(client)
  client.server.monitors.delete(client)
  client.server.tracking.disable(client)
  client.server.trackingChanged()
  client.database = client.server.keyspace.databases[0] as Client['database']
  client.output.version = 2
  client.reply = client.output
  client.replyMode = 'on'
  client.name = ''
  client.noEvict = false
  client.noTouch = false
  client.isAsking = false
  client.readsReplicas = false
  client.user = client.server.acl.defaultUser
  client.isAuthenticated = client.user.needsNoPassword && client.user.isEnabled
  client.reply.simple('RESET')
}

const group = 'connection'
const categories = ['connection'] as const
const early = ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'] as const

export const CONNECTION_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'ping',
    syntax: '[message]',
    complexity: 'O(1)',
    arity: -1,
    group,
    categories,
    flags: ['fast'],
    since: '1.0.0',
    summary: 'Answers PONG, or what was given.',
    tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
    handler: ping,
  },
  {
    name: 'echo',
    syntax: 'message',
    complexity: 'O(1)',
    arity: 2,
    group,
    categories,
    flags: ['loading', 'stale', 'fast'],
    since: '1.0.0',
    summary: 'Answers what was given.',
    handler: echo,
  },
  {
    name: 'select',
    syntax: 'index',
    complexity: 'O(1)',
    arity: 2,
    group,
    categories,
    flags: ['loading', 'stale', 'fast'],
    since: '1.0.0',
    summary: 'Goes on with another database.',
    handler: select,
  },
  {
    name: 'auth',
    syntax: '[username]@6.0.0 password',
    complexity: 'O(N), N passwords of the user',
    arity: -2,
    group,
    categories,
    flags: early,
    since: '1.0.0',
    summary: 'Logs in.',
    handler: auth,
  },
  {
    name: 'hello',
    syntax: 'arguments=[protover [AUTH username password] [SETNAME clientname]]',
    complexity: 'O(1)',
    history: [['6.2.0', 'May be sent without a version: describes the connection.']],
    arity: -1,
    group,
    categories,
    flags: early,
    since: '6.0.0',
    summary: 'Chooses the protocol, and logs in when told.',
    handler: hello,
  },
  {
    name: 'quit',
    complexity: 'O(1)',
    arity: -1,
    group,
    categories,
    flags: early,
    since: '1.0.0',
    summary: 'Closes the connection.',
    handler: quit,
  },
  {
    name: 'reset',
    complexity: 'O(1)',
    arity: 1,
    group,
    categories,
    flags: early,
    since: '6.2.0',
    summary: 'Makes the connection as if it were new.',
    handler: reset,
  },
]
