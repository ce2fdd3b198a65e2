import { createSecureContext } from 'node:tls'
import type { Client } from '../clients/client.ts'
import type { Directive } from '../config/directive.ts'
import { DIRECTIVES, findDirective } from '../config/directives.ts'
import { rewriteConfigFile } from '../config/rewrite.ts'
import type { Settings } from '../config/settings.ts'
import { ReplyError } from '../errors.ts'
import { tlsFromSettings } from '../network/tls.ts'
import { matchGlob } from '../values/glob.ts'
import { syntaxError } from './arguments.ts'
import type { CommandDefinition } from './command.ts'
import { waitFor } from './server.ts'

function get(client: Client, args: readonly string[]) {
  const { reply, server } = client
  const found = new Map<string, string>()
  for (const pattern of args.slice(2)) {
    for (const directive of [...DIRECTIVES, ...server.modules.directives]) {
      if (directive.isHidden) continue
      for (const name of [directive.name, ...(directive.aliases ?? [])]) {
        if (matchGlob(pattern, name, { nocase: true })) {
          found.set(name, directive.show(server.settings))
        }
      }
    }
  }
  reply.map(found.size)
  for (const [name, value] of found) {
    reply.bulk(name)
    reply.bulk(value)
  }
}

/** By name; names with a dot are those of modules. */
const find = ({ server }: Client, name: string): Directive | undefined =>
  name.includes('.') ? server.modules.findDirective(name) : findDirective(name)

const failed = (name: string, problem: string): ReplyError =>
  new ReplyError(`ERR CONFIG SET failed (possibly related to argument '${name}') - ${problem}`)

/** Where the server listens, and what Redis says when it cannot do so there. */
const LISTENING: ReadonlyMap<string, string> = new Map([
  ['bind', 'Failed to bind to specified addresses.'],
  ['port', 'Unable to listen on this port. Check server logs.'],
  ['tls-port', 'Unable to listen on this port. Check server logs.'],
])

/** All or nothing: tried on a copy first. */
function set(client: Client, args: readonly string[]) {
  const { server } = client
  if (args.length % 2 !== 0) throw syntaxError()
  const trial: Settings = { ...server.settings }
  const given = new Map<Directive, string>()
  const moved: string[] = []
  for (let at = 2; at < args.length; at += 2) {
    const [name, value] = [args[at] as string, args[at + 1] as string]
    const directive = find(client, name)
    if (directive === undefined) {
      throw new ReplyError(`ERR Unknown option or number of arguments for CONFIG SET - '${name}'`)
    }
    const isChange = directive.show(server.settings) !== value
    const isMutable = directive.isMutable && (!LISTENING.has(directive.name) || mayMove(client))
    if (!isMutable && isChange) throw failed(name, "can't set immutable config")
    if (given.has(directive)) throw failed(name, 'duplicate parameter')
    given.set(directive, value)
    const problem = directive.apply(trial, [value])
    if (problem !== undefined) throw failed(name, problem)
    // one that changes nothing waits for one that does, and is made after it
    if (LISTENING.has(directive.name) && mayMove(client)) moved.push(directive.name)
  }
  checkTls(client, trial, given)
  const apply = (settings: Settings): void => {
    for (const [directive, value] of given) directive.apply(settings, [value])
  }
  const [first] = moved
  if (first === undefined) {
    apply(server.settings)
    tell(client, given)
    return client.reply.ok()
  }
  const work = server.listenAs(apply).then(
    () => {
      tell(client, given)
      server.endOfWork()
    },
    (error: unknown) => {
      server.logger.warn('the server listens where it did', { error: String(error) })
      throw failed(first, LISTENING.get(first) as string)
    },
  )
  waitFor(client, work, () => client.reply.ok())
}

/** A node's address is known to its group; and who cannot wait cannot be told whether a port was free. */
const mayMove = ({ server, isInTransaction, isScript }: Client): boolean =>
  server.replication === undefined && !isInTransaction && !isScript

function tell({ server }: Client, given: ReadonlyMap<Directive, string>): void {
  for (const { setting } of given.keys()) {
    if (setting !== undefined) server.settingChanged(setting)
  }
}

/** Keys and certificates that cannot be used are refused, and the old ones stay. */
function checkTls(
  { server }: Client,
  trial: Settings,
  given: ReadonlyMap<Directive, string>,
): void {
  const name = [...given.keys()].find((one) => one.name.startsWith('tls-'))?.name
  if (name === undefined) return
  try {
    const source = tlsFromSettings(trial)
    if (source !== undefined) createSecureContext(source.load())
  } catch (error) {
    server.logger.warn('the TLS configuration stays as it was', { error: String(error) })
    throw failed(name, 'Unable to update TLS configuration. Check server logs.')
  }
}

function rewrite(client: Client) {
  const { settings, acl, logger } = client.server
  if (settings.configFile === '') {
    throw new ReplyError('ERR The server is running without a config file')
  }
  const users =
    settings.aclfile === '' ? acl.users.map((user) => `${user.name} ${user.describe()}`) : []
  try {
    rewriteConfigFile(settings.configFile, settings, users, client.server.modules.directives)
  } catch (error) {
    logger.warn('CONFIG REWRITE failed', { error: String(error) })
    throw new ReplyError(
      `ERR Rewriting config file: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
  client.reply.ok()
}

function resetstat(client: Client) {
  const { server } = client
  server.statistics.reset()
  server.statistics.collectedBefore = server.durability.collected
  server.keyspace.hits = 0
  server.keyspace.misses = 0
  server.keyspace.expired = 0
  for (const command of server.commands.all()) {
    for (const one of [command, ...(command.subcommands?.values() ?? [])]) {
      one.calls = 0
      one.microseconds = 0
      one.histogram = undefined
      one.rejected = 0
      one.failed = 0
    }
  }
  client.reply.ok()
}

const base = {
  group: 'server',
  flags: ['admin', 'noscript', 'loading', 'stale'],
} as const

export const CONFIG_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'config',
    complexity: 'Depends on the subcommand.',
    arity: -2,
    group: 'server',
    flags: [],
    since: '2.0.0',
    summary: 'Looks at settings and changes them.',
    subcommands: [
      {
        ...base,
        name: 'get',
        syntax: 'parameter=<parameter> [...]',
        complexity: 'O(N), N parameters',
        history: [['7.0.0', 'Takes several patterns.']],
        arity: -3,
        since: '2.0.0',
        summary: 'Answers settings by patterns.',
        handler: get,
      },
      {
        ...base,
        name: 'set',
        syntax: 'parameter value [parameter value ...]',
        complexity: 'O(N), N parameters given',
        history: [['7.0.0', 'Takes several parameters.']],
        arity: -4,
        since: '2.0.0',
        summary: 'Changes settings while the server runs.',
        tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
        handler: set,
      },
      {
        ...base,
        name: 'rewrite',
        complexity: 'O(1)',
        arity: 2,
        since: '2.8.0',
        summary: 'Writes the settings into the configuration file.',
        handler: rewrite,
      },
      {
        ...base,
        name: 'resetstat',
        complexity: 'O(1)',
        arity: 2,
        since: '2.0.0',
        summary: 'Starts counting from zero.',
        handler: resetstat,
      },
    ],
  },
]
